"""Five of the benchmark's querying strategies, each as its authors' programs choose, ties and oddities with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from experiments.lu2023.kernel_machine import KernelMachine
from experiments.lu2023.logistic import Logistic

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Known:
    """Knowledge of the querying side of an episode; no label is here that was not bought."""

    labelled: Places
    """Places of the labelled records, ascending."""
    y: NDArray[np.int64]
    """Their classes, 0 or 1."""
    decision: Floats
    """The learner's decision of every training record, (N,)."""

    @property
    def open(self) -> Places:
        """Places of the records without a label, ascending."""
        free = np.ones(len(self.decision), dtype=bool)
        free[self.labelled] = False
        return np.flatnonzero(free)


class LuQuery(ABC):
    """Chooses the next record of one episode, where the one that is opened first has the highest score.

    Args:
        X: training records in shuffled order, (N, features).
        machine: the learner that is taught; its kernel is at hand for a committee.
    """

    name: ClassVar[str]

    def __init__(self, X: Floats, machine: KernelMachine) -> None:
        self.X, self.machine = X, machine

    @abstractmethod
    def score(self, known: Known) -> Floats:
        """Return scores of all training records, (N,); a higher one is queried sooner."""

    def pick(self, known: Known) -> int:
        """Return place in X of the record to query: of equal scores, the first."""
        places = known.open
        return int(places[self.score(known)[places].argmax()])


class Uniform(LuQuery):
    """Random order: the records are shuffled already, so the next one is taken (google/active-learning)."""

    name: ClassVar[str] = "Uniform"

    def score(self, known: Known) -> Floats:
        return -np.arange(len(known.decision), dtype=np.float64)


class Compatible(LuQuery):
    """Uncertainty sampling by the learner itself: the smallest absolute decision (google/active-learning, margin)."""

    name: ClassVar[str] = "US-C"

    def score(self, known: Known) -> Floats:
        return -np.abs(known.decision)


class NotCompatible(LuQuery):
    """Uncertainty sampling by another model: entropy of ``LogisticRegression(C=0.1)`` (libact)."""

    name: ClassVar[str] = "US-NC"

    def __init__(self, X: Floats, machine: KernelMachine) -> None:
        super().__init__(X, machine)
        self._chooser = Logistic(X, C=0.1)

    def score(self, known: Known) -> Floats:
        p = expit(self._chooser.decision(known.labelled, known.y))
        both = np.stack([1 - p, p])
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy: Floats = (-both * np.log(both)).sum(0)
        return entropy

    def pick(self, known: Known) -> int:
        places = known.open
        # argsort puts NaN last, so a record whose probability is exactly 1 is queried first: as in their program.
        return int(places[np.argsort(self.score(known)[places])[-1]])


class LuCoreSet(LuQuery):
    """k-centre greedy: the record farthest, in Euclidean distance, from its nearest labelled one (libact)."""

    name: ClassVar[str] = "Core-Set"

    def __init__(self, X: Floats, machine: KernelMachine) -> None:
        super().__init__(X, machine)
        self._seen: set[int] = set()
        self._nearest = np.full(len(X), np.inf)

    def score(self, known: Known) -> Floats:
        for place in known.labelled.tolist():
            if place not in self._seen:
                self._seen.add(place)
                gaps = self.X - self.X[place]
                np.minimum(self._nearest, np.sqrt(np.einsum("ij,ij->i", gaps, gaps)), out=self._nearest)
        return self._nearest
