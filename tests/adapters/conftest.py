"""A loop of alrl's own to hold the others' against."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from alrl.agents.players import find_strategy
from alrl.agents.query import query

LOOPS = 6


class Case:
    """Wine, three records a class labelled at first; six loops."""

    def __init__(self) -> None:
        X, self.y = load_wine(return_X_y=True)
        self.X: NDArray[Any] = StandardScaler().fit_transform(X)
        self.first: NDArray[np.int64] = np.concatenate([np.flatnonzero(self.y == label)[:3] for label in range(3)])

    @staticmethod
    def model() -> LogisticRegression:
        return LogisticRegression()

    def pool(self, labelled: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is not labelled, in order."""
        return np.setdiff1d(np.arange(len(self.X)), labelled)

    def played(self, name: str, batch: int = 1, seed: int = 0) -> list[int]:
        """Records that alrl's own query picks, with a model fitted to the labelled records in their order."""
        labelled, picks = self.first, []
        for _ in range(LOOPS):
            model = self.model().fit(self.X[labelled], self.y[labelled])
            pool = self.pool(labelled)
            parts = (self.X[pool], self.X[labelled], self.y[labelled])
            rows = pool[query(find_strategy(name), model, *parts, batch_size=batch, seed=seed)]
            picks += rows.tolist()
            labelled = np.concatenate([labelled, rows])
        return picks


@pytest.fixture(scope="session")
def case() -> Case:
    return Case()
