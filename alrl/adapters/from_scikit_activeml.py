"""A query strategy of scikit-activeml as a strategy of ours."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skactiveml.base import SkactivemlClassifier
from sklearn.base import clone

from alrl.adapters.episode import PoolEpisode
from alrl.adapters.from_elsewhere import FromElsewhere
from alrl.loop.view_fields import Need


@dataclass(frozen=True, kw_only=True)
class FromScikitActiveml(FromElsewhere):
    """Queries what ``query_strategy.query(X, y, ...)`` says, asked once for each episode.

    ``clf`` repeats what the episode's learner said of the pool, ``ensemble`` what the members of its committee said;
    neither is fitted again, so a strategy that refits (expected error reduction) is not for this. Its random state
    comes from the view's noise. A score tells only which record would be queried first.

    >>> from skactiveml.pool import UncertaintySampling
    >>> from alrl.strategies import make_strategy
    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0)
    >>> theirs = FromScikitActiveml(query_strategy=UncertaintySampling(method="margin_sampling"))
    >>> theirs.select(view).equal(make_strategy("margin").select(view))
    True
    """

    name: str = "scikit-activeml"  # type: ignore[misc]
    """Name in tables."""
    query_strategy: Any
    """The strategy; a copy of it is asked. Its missing label is NaN."""
    needs: frozenset[Need] = frozenset()
    """``{"members"}`` for one that asks an ``ensemble``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of ``query``."""

    def _query(self, episode: PoolEpisode, wanted: int, seed: int) -> NDArray[np.int64]:
        strategy = clone(self.query_strategy)
        if "random_state" in strategy.get_params():
            strategy.set_params(random_state=seed)
        y = np.full(len(episode.X), np.nan)
        y[episode.labelled] = episode.labels
        given: dict[str, Any] = dict(self.arguments)
        taken = inspect.signature(strategy.query).parameters
        if "clf" in taken:
            given |= {"clf": _StoredPredictions(episode, episode.probabilities)}
            given |= {"fit_clf": False} if "fit_clf" in taken else {}
        if "ensemble" in taken:
            members = episode.probabilities[None] if episode.members is None else episode.members
            given |= {"ensemble": [_StoredPredictions(episode, member) for member in members]}
            given |= {"fit_ensemble": False} if "fit_ensemble" in taken else {}
        if episode.begun:
            given["candidates"] = episode.free
        return np.asarray(strategy.query(episode.X, y, batch_size=wanted, **given))


class _StoredPredictions(SkactivemlClassifier):  # type: ignore[misc] # it has no types
    """A classifier that repeats what was said of the records of an episode."""

    def __init__(self, episode: PoolEpisode, probabilities: NDArray[np.float64]) -> None:
        super().__init__(classes=list(range(probabilities.shape[1])))
        self.episode, self.probabilities = episode, probabilities
        self.classes_ = np.arange(probabilities.shape[1])

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> _StoredPredictions:  # noqa: ARG002
        """Nothing: what it says is known."""
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return what was said of the records X."""
        return self.probabilities[self.episode.rows(X)]

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return the likeliest classes."""
        return np.asarray(self.predict_proba(X).argmax(1))
