"""The benchmark's division of records: one seed gives the training part, its order, and the first labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from alrl.data.data_set import DataSet
from alrl.errors import InvalidDataError

FIRST = 20
"""Labels that an episode begins with: the first records of the shuffled training part."""
TEST_SHARE = 0.4

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LuSplit:
    """Rows of a data set: the training part in its shuffled order, and the test part."""

    train: Rows
    test: Rows

    @property
    def first(self) -> Rows:
        """Rows of the first labels."""
        return self.train[:FIRST]

    @property
    def queries(self) -> int:
        """Queries until the pool is empty."""
        return len(self.train) - FIRST


def draw_split(records: int, seed: int) -> LuSplit:
    """Return the split of a seed; nothing in it is stratified.

    A generator of the seed shuffles all rows, of which the first 60 % are for training; *another* generator of the same
    seed shuffles those. Raises InvalidDataError if no record is left to query.

    >>> draw_split(40, 0).train[:5].tolist(), len(draw_split(40, 0).train), len(draw_split(40, 0).test)
    ([17, 23, 35, 10, 22], 24, 16)
    """
    rows = np.arange(records)
    np.random.default_rng(seed).shuffle(rows)
    size = int(records * (1 - TEST_SHARE))
    if size <= FIRST:
        raise InvalidDataError(
            f"{records} records leave {size} for training, of which {FIRST} are labelled at once; 35 are needed"
        )
    train = rows[:size].copy()
    np.random.default_rng(seed).shuffle(train)
    return LuSplit(train=train, test=rows[size:])


def misses_a_class(data: DataSet, split: LuSplit) -> bool:
    """Return whether the first labels lack a class: the benchmark skips such a seed."""
    return len(np.unique(data.y[split.first])) < data.n_classes


@dataclass(frozen=True, kw_only=True)
class LuTask:
    """One episode's data, standardised by the training part, classes 0 and 1; training records in shuffled order."""

    X: NDArray[np.float64]
    """Training records, (N, features)."""
    y: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]
    rows: Rows
    """Row of each training record in the data set."""

    @classmethod
    def draw(cls, data: DataSet, seed: int) -> LuTask:
        """Return the task of a seed. Raises InvalidDataError for other than two classes, or too few records."""
        if data.n_classes != 2:
            raise InvalidDataError(f"{data.name} has {data.n_classes} classes; the benchmark of Lu et al. is binary")
        split = draw_split(data.n_records, seed)
        scaler = StandardScaler().fit(data.X[split.train])
        return cls(
            X=scaler.transform(data.X[split.train]),
            y=data.y[split.train],
            X_test=scaler.transform(data.X[split.test]),
            y_test=data.y[split.test],
            rows=split.train,
        )
