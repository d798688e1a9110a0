"""Makes a query function for modAL of a strategy or policy of alrl."""

from __future__ import annotations

from typing import Any

import numpy as np
from modAL.models.base import BaseCommittee, BaseLearner
from numpy.typing import NDArray

from alrl.adapters.choice import choose
from alrl.agents.own_data.records import concatenated
from alrl.agents.players import find_strategy
from alrl.strategies.base import Strategy, refuse_learning


class ToModAL:
    """A query function ``(classifier, X, n_instances=1) -> (indices, scores)`` for modAL's learners and committees.

    Args:
        strategy: a strategy or policy, or the name of one; rules for committees see the members' probabilities.
        labels_left: labels that may still be bought at every query; policies look at it.
        seed: of chance and ties.

    Raises InvalidRecipeError for an unknown strategy, or one that learns from round to round.

    >>> import numpy as np
    >>> from modAL.models import ActiveLearner
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = np.array([[0.0], [4.0]]), np.array([0, 1])
    >>> learner = ActiveLearner(LogisticRegression(), ToModAL("margin"), X_training=X, y_training=y)
    >>> learner.query(np.array([[0.5], [1.9], [3.0]]))[0].tolist()
    [1]
    """

    def __init__(self, strategy: Strategy | str, *, labels_left: int | None = None, seed: int = 0) -> None:
        self.strategy = find_strategy(strategy)
        refuse_learning(self.strategy, "a modAL learner")
        self.labels_left, self.seed = labels_left, seed

    def __call__(self, classifier: Any, X: Any, n_instances: int = 1) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return rows of X to be labelled next, (n_instances,), and their scores when they were chosen, (n_instances,).

        The labelled records are those that the classifier holds, of a committee without any those of its learners; a
        fitted one may hold none. Raises InvalidDataError for a classifier that is not fitted, and as
        :func:`alrl.agents.query.query` does.
        """
        X_labelled, y_labelled = _labelled(classifier)
        made = choose(
            self.strategy,
            _model(classifier),
            X,
            X_labelled,
            y_labelled,
            count=n_instances,
            labels_left=self.labels_left,
            seed=self.seed,
        )
        return made.rows, made.scores[np.arange(len(made.rows)), made.rows]


def _model(classifier: BaseLearner | BaseCommittee) -> Any:
    """Return the fitted model, or those of a committee, which may know different classes."""
    if isinstance(classifier, BaseCommittee):
        return [learner.estimator for learner in classifier.learner_list]
    return classifier.estimator


def _labelled(classifier: BaseLearner | BaseCommittee) -> tuple[Any, Any]:
    """Return the labelled records and their labels; none where there are none."""
    holders = [classifier]
    if _records_of(classifier) is None and isinstance(classifier, BaseCommittee):
        holders = list(classifier.learner_list)
    parts = [part for part in map(_records_of, holders) if part is not None]
    # Learners that hold the same records, as those of a committee do before they are given bootstrap samples.
    distinct = [part for place, part in enumerate(parts) if not any(_same(part, other) for other in parts[:place])]
    if not distinct:
        return None, []
    labels = [label for _, y in distinct for label in np.asarray(y).tolist()]
    return concatenated([X for X, _ in distinct]), labels


def _records_of(classifier: BaseLearner | BaseCommittee) -> tuple[Any, Any] | None:
    X = getattr(classifier, "X_training", None)
    if X is None or not (X.shape[0] if hasattr(X, "shape") else len(X)):
        return None
    return X, classifier.y_training


def _same(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    if one[0] is other[0]:
        return True
    if type(one[0]) is not type(other[0]) or not np.array_equal(np.asarray(one[1]), np.asarray(other[1])):
        return False
    if hasattr(one[0], "equals"):
        return bool(one[0].equals(other[0]))
    return isinstance(one[0], np.ndarray) and np.array_equal(one[0], other[0])
