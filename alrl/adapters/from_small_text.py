"""A query strategy of small-text as a strategy of ours."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from small_text.classifiers.classification import Classifier
from small_text.data.datasets import SklearnDataset

from alrl.adapters.episode import PoolEpisode
from alrl.adapters.from_elsewhere import FromElsewhere
from alrl.loop.view_fields import Need


@dataclass(frozen=True, kw_only=True)
class FromSmallText(FromElsewhere):
    """Queries what ``query_strategy.query(clf, dataset, ...)`` says, asked once for each episode.

    The classifier repeats what the episode's learner said of the pool, and its embedding if that is needed. A score
    tells only which record would be queried first; a batch's order is as the strategy gives it. Ties and chance are the
    strategy's own: small-text draws from NumPy's global state.

    >>> from small_text import BreakingTies
    >>> from alrl.strategies import make_strategy
    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0)
    >>> FromSmallText(query_strategy=BreakingTies()).select(view).equal(make_strategy("margin").select(view))
    True
    """

    name: str = "small-text"  # type: ignore[misc]
    """Name in tables."""
    query_strategy: Any
    """The strategy; a copy of it is asked."""
    needs: frozenset[Need] = frozenset()
    """``{"embedding"}`` for one that works on embeddings."""

    def _query(self, episode: PoolEpisode, wanted: int, seed: int) -> NDArray[np.int64]:  # noqa: ARG002
        y = np.zeros(len(episode.X), dtype=np.int64)
        y[episode.labelled] = episode.labels
        classifier = _StoredClassifier(episode)
        with warnings.catch_warnings():
            # small-text 1.4.1 warns of a function of its own that it calls.
            warnings.simplefilter("ignore", DeprecationWarning)
            data = SklearnDataset(episode.X, y, target_labels=np.arange(classifier.num_classes))
        strategy = copy.deepcopy(self.query_strategy)
        return np.asarray(strategy.query(classifier, data, episode.free, episode.labelled, episode.labels, n=wanted))


class _StoredClassifier(Classifier):  # type: ignore[misc] # it has no types
    """A classifier that repeats what was said of the records of an episode."""

    def __init__(self, episode: PoolEpisode) -> None:
        self._episode = episode
        self.num_classes = episode.probabilities.shape[1]

    def fit(self, train_set: Any, weights: Any = None) -> _StoredClassifier:  # noqa: ARG002
        return self

    def predict_proba(self, data_set: Any) -> NDArray[np.float64]:
        return self._episode.probabilities[self._episode.rows(data_set.x)]

    def predict(self, data_set: Any, return_proba: bool = False) -> Any:
        probabilities = self.predict_proba(data_set)
        return (probabilities.argmax(1), probabilities) if return_proba else probabilities.argmax(1)

    def embed(self, data_set: Any, return_proba: bool = False, **settings: Any) -> Any:  # noqa: ARG002
        rows = self._episode.rows(data_set.x)
        space = self._episode.X if self._episode.embedding is None else self._episode.embedding
        return (space[rows], self._episode.probabilities[rows]) if return_proba else space[rows]
