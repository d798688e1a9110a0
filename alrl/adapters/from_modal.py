"""A query function of modAL as a strategy of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import modAL  # noqa: F401 - says at once if it is not there
import numpy as np
from numpy.typing import NDArray

from alrl.adapters.episode import PoolEpisode
from alrl.adapters.from_elsewhere import FromElsewhere
from alrl.loop.view_fields import Need


@dataclass(frozen=True, kw_only=True)
class FromModAL(FromElsewhere):
    """Queries what ``function(classifier, X, n_instances=...)`` says, asked once for each episode.

    The classifier repeats what the episode's learner, or the members of its committee, said of the pool; it holds
    ``X_training``, ``y_training`` and, for a committee, ``vote`` and ``vote_proba``. A score tells only which record
    would be queried first. Ties and chance are the function's own: modAL draws from NumPy's global state. A batch's
    order is as the function gives it.

    >>> from modAL.uncertainty import margin_sampling
    >>> from alrl.strategies import make_strategy
    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0)
    >>> theirs = FromModAL(function=margin_sampling)
    >>> theirs.select(view).equal(make_strategy("margin").select(view))
    True
    """

    name: str = "modal"  # type: ignore[misc]
    """Name in tables."""
    function: Callable[..., Any]
    """The query function."""
    needs: frozenset[Need] = frozenset()
    """``{"members"}`` for one that asks a committee."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the function."""

    def _query(self, episode: PoolEpisode, wanted: int, seed: int) -> NDArray[np.int64]:  # noqa: ARG002
        classifier = _Classifier(episode, committee="members" in self.needs)
        answer = self.function(classifier, episode.X[episode.free], n_instances=wanted, **self.settings)
        indices = answer[0] if isinstance(answer, tuple) else answer
        return np.asarray(episode.free[np.asarray(indices)])


class _Classifier:
    """The interface of a learner or committee that modAL's functions use."""

    on_transformed = False

    def __init__(self, episode: PoolEpisode, *, committee: bool) -> None:
        self._episode = episode
        # (members, records, classes); of one member where no committee is asked.
        self._probabilities = episode.probabilities[None]
        if committee and episode.members is not None:
            self._probabilities = episode.members
        self.estimator = self
        self.classes_ = np.arange(episode.probabilities.shape[1])
        self.X_training, self.y_training = episode.X[episode.labelled], episode.labels

    def __len__(self) -> int:
        return len(self._probabilities)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(self._probabilities[:, self._episode.rows(X)].mean(0))

    def predict(self, X: Any) -> NDArray[np.int64]:
        return np.asarray(self.predict_proba(X).argmax(1))

    def vote_proba(self, X: Any) -> NDArray[np.float64]:
        return np.moveaxis(self._probabilities[:, self._episode.rows(X)], 0, 1)

    def vote(self, X: Any) -> NDArray[np.int64]:
        return np.asarray(self.vote_proba(X).argmax(-1))

    def transform_without_estimating(self, X: Any) -> Any:
        return X
