"""Five of the benchmark's querying strategies, each as its authors' programs choose, ties and oddities with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from alrl.experiments.lu2023.kernel_machine import KernelMachine
from alrl.experiments.lu2023.logistic import Logistic

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Query(ABC):
    """Chooses the next record of one episode; it never sees a label that was not bought.

    Args:
        X: training records in shuffled order, (N, features).
        machine: the learner that is taught.
    """

    name: ClassVar[str]

    def __init__(self, X: Floats, machine: KernelMachine) -> None:
        self.X, self.machine = X, machine

    @abstractmethod
    def pick(self, labelled: Places, y: NDArray[np.int64], decision: Floats) -> int:
        """Place in X of the record to query.

        ``labelled`` are the places of the labelled records, ascending, ``y`` their classes, 0 or 1, and ``decision``
        the learner's for every training record, (N,).
        """

    def open(self, labelled: Places) -> Places:
        """Places of the records without a label, ascending."""
        free = np.ones(len(self.X), dtype=bool)
        free[labelled] = False
        return np.flatnonzero(free)


class Uniform(Query):
    """Random order: the records are shuffled already, so the next one is taken (google/active-learning)."""

    name: ClassVar[str] = "Uniform"

    def pick(self, labelled: Places, y: NDArray[np.int64], decision: Floats) -> int:
        return int(self.open(labelled)[0])


class Compatible(Query):
    """Uncertainty sampling by the learner itself: the smallest absolute decision (google/active-learning, margin)."""

    name: ClassVar[str] = "US-C"

    def pick(self, labelled: Places, y: NDArray[np.int64], decision: Floats) -> int:
        gap = np.abs(decision)
        gap[labelled] = np.inf
        return int(gap.argmin())


class NotCompatible(Query):
    """Uncertainty sampling by another model: entropy of ``LogisticRegression(C=0.1)`` (libact)."""

    name: ClassVar[str] = "US-NC"

    def __init__(self, X: Floats, machine: KernelMachine) -> None:
        super().__init__(X, machine)
        self._chooser = Logistic(X, C=0.1)

    def pick(self, labelled: Places, y: NDArray[np.int64], decision: Floats) -> int:
        places = self.open(labelled)
        p = expit(self._chooser.decision(labelled, y)[places])
        both = np.stack([1 - p, p])
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = (-both * np.log(both)).sum(0)
        # argsort puts NaN last, so a record whose probability is exactly 1 is queried first: as in their program.
        return int(places[np.argsort(entropy)[-1]])


class CoreSet(Query):
    """k-centre greedy: the record farthest, in Euclidean distance, from its nearest labelled one (libact)."""

    name: ClassVar[str] = "Core-Set"

    def __init__(self, X: Floats, machine: KernelMachine) -> None:
        super().__init__(X, machine)
        self._seen: set[int] = set()
        self._nearest = np.full(len(X), np.inf)

    def pick(self, labelled: Places, y: NDArray[np.int64], decision: Floats) -> int:
        for place in labelled.tolist():
            if place not in self._seen:
                self._seen.add(place)
                gaps = self.X - self.X[place]
                np.minimum(self._nearest, np.sqrt(np.einsum("ij,ij->i", gaps, gaps)), out=self._nearest)
        places = self.open(labelled)
        return int(places[self._nearest[places].argmax()])
