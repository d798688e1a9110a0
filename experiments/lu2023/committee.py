"""Query by committee as libact plays it: four models, each taught on its own bootstrap sample, vote entropy."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from experiments.lu2023.discriminant import discriminant
from experiments.lu2023.kernel_machine import KernelMachine, linear
from experiments.lu2023.logistic import Logistic
from experiments.lu2023.queries import Floats, Known, LuQuery, Places

SEED = 1126
"""Of the committee's own draws: the same in every episode, as in the benchmark."""


class LuCommittee(LuQuery):
    """Most disagreement of logistic regression, linear SVM, RBF-SVM and linear discriminant analysis.

    Each is taught on a bootstrap sample of the labelled records, drawn anew until it holds both classes; among the
    records of the largest vote entropy one is drawn. A record that a sample holds twice counts twice: the optimum is
    that of the sample written out, which is what libact fits.
    """

    name: ClassVar[str] = "QBC"

    def __init__(self, X: Floats, machine: KernelMachine) -> None:
        super().__init__(X, machine)
        self._draws = np.random.RandomState(SEED)
        self._logistic = Logistic(X, C=1.0)
        self._linear = KernelMachine(linear(X, X[:0]), C=1.0)
        self._begun = False

    def score(self, known: Known) -> Floats:
        """Return votes of the minority, 0 to 2: vote entropy in another unit."""
        bags = [self._bag(known.y) for _ in range(4)]
        if not self._begun:
            # The benchmark's loop trains the first member on all first labels before it asks for the first query.
            bags[0] = np.ones(len(known.y))
            self._begun = True
        ones = self._votes(known.labelled, known.y, bags).sum(0)
        minority: Floats = np.minimum(ones, 4 - ones).astype(np.float64)
        return minority

    def pick(self, known: Known) -> int:
        """Return one of the records of the largest vote entropy, drawn."""
        places = known.open
        split = self.score(known)[places]
        return int(places[self._draws.choice(np.flatnonzero(split == split.max()))])

    def _bag(self, y: NDArray[np.int64]) -> Floats:
        """Return how often a bootstrap sample holds each labelled record, (labelled,)."""
        while True:
            drawn = self._draws.randint(0, len(y), len(y))
            if len(np.unique(y[drawn])) == len(np.unique(y)):
                return np.bincount(drawn, minlength=len(y)).astype(np.float64)

    def _votes(self, labelled: Places, y: NDArray[np.int64], bags: list[Floats]) -> NDArray[np.bool_]:
        """Return whether each member votes for class 1, (4, N)."""
        size = len(self.X)
        bagged = [(labelled[bag > 0], y[bag > 0], bag[bag > 0]) for bag in bags]
        decisions = [
            self._logistic.decision(*bagged[0]),
            self._linear.decision(*bagged[1]),
            self.machine.decision(*bagged[2])[:size],
            discriminant(self.X[bagged[3][0]], bagged[3][1], bagged[3][2], self.X),
        ]
        return np.stack(decisions) > 0
