"""Querying strategies as one writes them by hand with NumPy and scikit-learn, for the hand-written loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy
from sklearn.metrics import pairwise_distances

from alrl.experiments.bench.hand_written import Scorer
from alrl.experiments.bench.workloads import Rule

WRITTEN = ("margin", "random", "entropy", "least-confidence", "core-set", "information-density")
"""Strategies of ours that are written by hand here; they query the same records, but for ties."""


def hand_rule(strategy: str, pool: NDArray[np.float32]) -> Rule | Scorer:
    """What the hand-written loop queries by in place of ``strategy``, for one episode on ``pool`` (records, features).

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

    def __call__(self, probabilities: NDArray[np.float64], asked: list[int]) -> NDArray[np.float64]:  # noqa: ARG002
        fresh = self.pool[asked[self.measured :]]
        self.measured = len(asked)
        self.nearest = np.minimum(self.nearest, pairwise_distances(self.pool, fresh).min(1))
        return self.nearest.copy()


class _InformationDensity:
    """Entropy times mean similarity 1 / (1 + distance) to the pool, which is taken once."""

    def __init__(self, pool: NDArray[np.float32]) -> None:
        self.density = (1 / (1 + pairwise_distances(pool))).mean(1)

    def __call__(self, probabilities: NDArray[np.float64], asked: list[int]) -> NDArray[np.float64]:  # noqa: ARG002
        return np.asarray(entropy(probabilities, axis=1) * self.density)
