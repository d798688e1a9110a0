"""The loop as one writes it by hand with scikit-learn: what the speed of ours is measured against."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import pairwise_distances
from sklearn.neural_network import MLPClassifier

from alrl.data.task import Task
from alrl.numerics.noise import EpisodeNoise
from benchmarks.workloads import EPOCHS, HIDDEN, LEARNING_RATE, BaselineRule, Model

ScoreRecords = Callable[[NDArray[np.float64], list[int]], NDArray[np.float64]]
"""Scores of pool records (records,), higher is queried sooner, by class probabilities and what is labelled."""


class Arrays(NamedTuple):
    """A task as arrays, standardised as ours does it."""

    pool: NDArray[np.float32]
    truth: NDArray[np.int64]
    """Labels of the pool."""
    test: NDArray[np.float32]
    answers: NDArray[np.int64]
    """Labels of the test part."""

    @classmethod
    def of(cls, task: Task) -> Arrays:
        """Return the arrays of a task."""
        X, _, _ = task.standardised()
        y, split = task.split.data_set.y, task.split
        return cls(X[split.pool], y[split.pool], X[split.test], y[split.test])


def hand_written_loop(
    task: Task,
    rule: BaselineRule | ScoreRecords,
    labels: int,
    *,
    batch: int = 1,
    model: Model = "softmax-regression",
    warm_start: bool = False,
    follow: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Return test accuracy after 0, ``batch``, 2 ``batch``, ...

    Queries, (loops + 1,): refitted and scored after each batch.

    Every step fits, predicts the pool and the test part, and picks, as ours does; chance is that of ours. With
    ``follow``, pool positions (labels,), those are queried instead of what the rule picks.

    >>> from alrl.data.sources import load_data_set
    >>> from alrl.data.task import draw_task
    >>> hand_written_loop(draw_task(load_data_set("iris"), [0]), "margin", 6, batch=2).shape
    (4,)
    """
    data = Arrays.of(task)
    chance = EpisodeNoise([task.seed], "strategy")
    labelled = task.first.tolist()
    classifier = make_classifier(model, task, warm_start=warm_start)
    curve = []
    with fixed_epochs():
        for loop in range(-(-labels // batch) + 1):
            refit(classifier, data.pool[labelled], data.truth[labelled])
            probabilities = classifier.predict_proba(data.pool)
            curve.append((classifier.predict(data.test) == data.answers).mean())
            size = min(batch, labels - loop * batch)
            picks = _pick(probabilities, labelled, rule, chance, max(size, 1))
            labelled += picks if follow is None else follow[loop * batch : loop * batch + size].tolist()
    return np.array(curve)


def make_classifier(model: Model, task: Task, *, warm_start: bool = False) -> Any:
    """Return scikit-learn's classifier of this kind, unfitted; its chance is the task's."""
    if model == "softmax-regression":
        return LogisticRegression(warm_start=warm_start, max_iter=1000)
    return MLPClassifier(
        hidden_layer_sizes=(HIDDEN,),
        max_iter=EPOCHS,
        solver="adam",
        learning_rate_init=LEARNING_RATE,
        # All the epochs: its stopping rule is not asked.
        n_iter_no_change=EPOCHS,
        warm_start=warm_start,
        random_state=task.seed[0],
    )


def refit(classifier: ClassifierMixin, X: NDArray[np.float32], y: NDArray[Any]) -> None:
    """Fit to the labelled records; a perceptron sees all of them in each step of an epoch."""
    if isinstance(classifier, MLPClassifier):
        classifier.batch_size = len(X)
    classifier.fit(X, y)


@contextmanager
def fixed_epochs() -> Iterator[None]:
    """Without scikit-learn's warnings of what here is the task: few epochs, and few records of each class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%", UserWarning)
        yield


def _pick(
    probabilities: NDArray[Any], labelled: list[int], rule: BaselineRule | ScoreRecords, chance: EpisodeNoise, size: int
) -> list[int]:
    if callable(rule):
        score = rule(probabilities, labelled)
    elif rule == "random":
        score = chance.draw(len(probabilities))[0].numpy()
    else:
        likeliest = np.partition(probabilities, -2, axis=1)[:, -2:]
        score = likeliest[:, 0] - likeliest[:, 1]
    score[labelled] = -np.inf
    if size == 1:
        return [int(score.argmax())]
    return [int(each) for each in np.argpartition(score, -size)[-size:]]


WRITTEN = ("margin", "random", "entropy", "least-confidence", "core-set", "information-density")
"""Strategies of ours that are written by hand here; they query the same records, but for ties."""


def hand_rule(strategy: str, pool: NDArray[np.float32]) -> BaselineRule | ScoreRecords:
    """Return what the hand-written loop queries by in place of ``strategy``.

    For one episode on ``pool`` (records, features).

    A strategy that is not in :data:`WRITTEN` is played as margin, without the work of its own scores.

    >>> hand_rule("power", np.zeros((3, 2), np.float32))
    'margin'
    """
    if strategy == "random":
        return "random"
    if strategy == "entropy":
        return lambda probabilities, _: np.asarray(entropy(probabilities, axis=1))
    if strategy == "least-confidence":
        return lambda probabilities, _: 1 - probabilities.max(1)
    if strategy == "core-set":
        return _CoreSet(pool)
    if strategy == "information-density":
        return _InformationDensity(pool)
    return "margin"


class _CoreSet:
    """Distance to the nearest labelled record; only what was labelled since is measured."""

    def __init__(self, pool: NDArray[np.float32]) -> None:
        self.pool, self.measured = pool, 0
        self.nearest = np.full(len(pool), np.inf)

    def __call__(self, probabilities: NDArray[np.float64], labelled: list[int]) -> NDArray[np.float64]:  # noqa: ARG002
        fresh = self.pool[labelled[self.measured :]]
        self.measured = len(labelled)
        self.nearest = np.minimum(self.nearest, pairwise_distances(self.pool, fresh).min(1))
        return self.nearest.copy()


class _InformationDensity:
    """Entropy times mean similarity 1 / (1 + distance) to the pool, which is taken once."""

    def __init__(self, pool: NDArray[np.float32]) -> None:
        self.density = (1 / (1 + pairwise_distances(pool))).mean(1)

    def __call__(self, probabilities: NDArray[np.float64], labelled: list[int]) -> NDArray[np.float64]:  # noqa: ARG002
        return np.asarray(entropy(probabilities, axis=1) * self.density)
