"""A strategy or policy of ours as a query strategy of small-text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from small_text.query_strategies.strategies import QueryStrategy

from alrl.adapters.choice import choose
from alrl.agents.own_data.ensemble_members import align_classes
from alrl.agents.players import find_strategy
from alrl.errors import InvalidDataError
from alrl.strategies.base import Strategy, refuse_learning


class ToSmallText(QueryStrategy):  # type: ignore[misc] # it has no types
    """Queries as a strategy or policy of alrl does, single-label.

    Features are the data set's, if it holds a matrix, otherwise what the classifier's ``embed`` says of the records; of
    text without that they are made of its words.

    Args:
        strategy: a strategy or policy, or the name of one.
        labels_left: labels that may still be bought at every query; policies look at it.
        seed: of chance and ties.

    Raises InvalidRecipeError for an unknown strategy, or one that learns from round to round.
    """

    def __init__(self, strategy: Strategy | str, *, labels_left: int | None = None, seed: int = 0) -> None:
        self.strategy = find_strategy(strategy)
        refuse_learning(self.strategy, "a small-text learner")
        self.labels_left, self.seed = labels_left, seed

    def query(
        self,
        clf: Any,
        dataset: Any,
        indices_unlabeled: NDArray[np.int64],
        indices_labeled: NDArray[np.int64],
        y: Any,
        n: int = 10,
    ) -> NDArray[np.int64]:
        """Return indices of ``dataset`` to be labelled next, (n,).

        Raises small-text's own errors for a pool that is empty or smaller than ``n``, InvalidDataError for multi-label
        data or records without features, and as :func:`alrl.agents.query.query` does.
        """
        self._validate_query_input(indices_unlabeled, n)
        if issparse(y):
            raise InvalidDataError("the data set is multi-label; alrl's strategies are for one label a record")
        pool, labelled = dataset[indices_unlabeled], dataset[indices_labeled]
        made = choose(
            self.strategy,
            _PredictingModel(clf, pool, labelled),
            pool.x,
            labelled.x,
            y,
            count=n,
            labels_left=self.labels_left,
            seed=self.seed,
            features=_embedded(clf, pool, labelled),
            scored=False,
        )
        return np.asarray(indices_unlabeled)[made.rows]

    def __str__(self) -> str:
        return f"ToSmallText({self.strategy.name})"


class _PredictingModel:
    """The predictions of small-text's classifier for two data sets, in the order in which it is asked for them."""

    def __init__(self, clf: Any, *parts: Any) -> None:
        self.classes_ = np.arange(clf.num_classes)
        seen = getattr(getattr(clf, "model", None), "classes_", self.classes_)
        predictions = [np.asarray(clf.predict_proba(part)) for part in parts if len(part)]
        self._predictions = iter([_of_all(predicted, seen, clf.num_classes) for predicted in predictions])

    def predict_proba(self, X: Any) -> NDArray[Any]:  # noqa: ARG002 - features are not what it was trained on
        return next(self._predictions)


def _of_all(predicted: NDArray[Any], seen: NDArray[np.int64], classes: int) -> NDArray[Any]:
    """Return the probabilities of all classes, (n, k), zero for those that the model has not seen, as at the start."""
    if predicted.ndim != 2 or predicted.shape[1] == classes or predicted.shape[1] != len(seen):
        return predicted
    return align_classes(predicted, np.asarray(seen).tolist(), list(range(classes)))


def _embedded(clf: Any, *parts: Any) -> tuple[NDArray[np.float64], ...] | None:
    """Return what the classifier's ``embed`` says of records that are no matrix; None where there is no need of it."""
    if not hasattr(clf, "embed") or hasattr(parts[0].x, "shape"):
        return None
    return tuple(np.asarray(clf.embed(part), dtype=np.float64) for part in parts if len(part))
