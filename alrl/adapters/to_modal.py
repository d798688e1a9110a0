"""Makes a query function for modAL of a strategy or policy of alrl."""

from __future__ import annotations

from typing import Any

import numpy as np
from modAL.models.base import BaseCommittee, BaseLearner
from numpy.typing import NDArray

from alrl.adapters.choice import choose
from alrl.agents.players import find_strategy
from alrl.errors import InvalidDataError
from alrl.strategies.base import Strategy, refuse_learning


class ToModAL:
    """A query function ``(classifier, X, n_instances=1) -> (indices, scores)`` for modAL's learners and committees.

    Args:
        strategy: a strategy or policy, or the name of one; rules for committees see the members' probabilities.
        labels_left: labels that may still be bought at every query; policies look at it.
        seed: of chance and ties.

    Raises InvalidRecipeError for an unknown strategy, or one that learns from loop to loop.

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

        Raises InvalidDataError for a classifier that holds no labelled records, and as
        :func:`alrl.agents.query.query` does.
        """
        if classifier.X_training is None or not len(classifier.X_training):
            raise InvalidDataError(
                "the modAL classifier holds no labelled records; give it X_training and y_training first"
            )
        made = choose(
            self.strategy,
            _model(classifier),
            X,
            classifier.X_training,
            classifier.y_training,
            count=n_instances,
            labels_left=self.labels_left,
            seed=self.seed,
        )
        return made.rows, made.scores[np.arange(len(made.rows)), made.rows]


class _VotingModel:
    """Presents a committee of modAL as one model that also gives the probabilities of each member."""

    def __init__(self, committee: BaseCommittee) -> None:
        self._committee = committee
        self.classes_ = committee.classes_

    def predict_proba(self, X: Any) -> Any:
        return self._committee.predict_proba(X)

    def predict_members(self, X: Any) -> Any:
        return np.moveaxis(self._committee.vote_proba(X), 1, 0)


def _model(classifier: BaseLearner | BaseCommittee) -> Any:
    return _VotingModel(classifier) if isinstance(classifier, BaseCommittee) else classifier.estimator
