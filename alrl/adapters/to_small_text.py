"""A strategy or policy of ours as a query strategy of small-text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from small_text.query_strategies.strategies import QueryStrategy

from alrl.adapters.choice import choose
from alrl.agents.players import find_strategy
from alrl.errors import InvalidDataError
from alrl.strategies.base import Strategy, refuse_learning


class ToSmallText(QueryStrategy):  # type: ignore[misc] # it has no types
    """Queries as a strategy or policy of alrl does, single-label.

    Features are the data set's, if it holds a matrix (a sparse one is made dense), otherwise what the classifier's
    ``embed`` says of the records.

    Args:
        strategy: a strategy or policy, or the name of one.
        labels_left: labels that may still be bought at every query; policies look at it.
        seed: of chance and ties.

    Raises InvalidRecipeError for an unknown strategy, or one that learns from loop to loop.
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
            _features(clf, pool),
            _features(clf, labelled),
            y,
            count=n,
            labels_left=self.labels_left,
            seed=self.seed,
            scored=False,
        )
        return np.asarray(indices_unlabeled)[made.rows]

    def __str__(self) -> str:
        return f"ToSmallText({self.strategy.name})"


class _PredictingModel:
    """Hold what small-text's classifier says of two data sets, in the order in which it is asked about them."""

    def __init__(self, clf: Any, *parts: Any) -> None:
        self.classes_ = np.arange(clf.num_classes)
        self._predictions = iter([np.asarray(clf.predict_proba(part)) for part in parts])

    def predict_proba(self, X: Any) -> NDArray[Any]:  # noqa: ARG002 - features are not what it was trained on
        return next(self._predictions)


def _features(clf: Any, part: Any) -> NDArray[np.float64]:
    X = part.x
    if issparse(X):
        return np.asarray(X.toarray(), dtype=np.float64)
    if isinstance(X, np.ndarray) and X.ndim == 2:
        return X.astype(np.float64)
    if hasattr(clf, "embed"):
        return np.asarray(clf.embed(part), dtype=np.float64)
    raise InvalidDataError(
        f"the data set holds {type(X).__name__} and the classifier has no embed(); give records a matrix of features"
    )
