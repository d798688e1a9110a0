"""Make a data set of drawn arrays, as all families of synthetic tasks do, and check that it keeps their promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.numerics.streams import generator

LEAST = 10
"""Records that every class has at least."""
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Draw = Callable[[np.random.Generator], tuple[FloatArray, IntArray]]


def assemble(family: str, seed: int, draw: Draw) -> DataSet:
    """Return the task ``synthetic/<family>-<seed>``: what ``draw`` draws, without classes of under 10 records.

    Columns that do not vary are left out; if fewer than two classes or two columns remain, the task is drawn anew from
    the same generator. Features are standardised.
    """
    name = f"synthetic/{family}-{seed}"
    rng = generator([seed], f"synthetic {family}")
    X, y = _tidy(*draw(rng))
    while len(np.unique(y)) < 2 or X.shape[1] < 2:
        X, y = _tidy(*draw(rng))
    return DataSet.from_arrays(X, y, name=name, origin=(name,))


def _tidy(X: FloatArray, y: IntArray) -> tuple[FloatArray, IntArray]:
    kept = (np.bincount(y) >= LEAST)[y]
    return standardise(X[kept]), y[kept]


def standardise(X: FloatArray) -> FloatArray:
    """Return columns of mean 0 and standard deviation 1; those that do not vary are left out.

    >>> standardise(np.array([[0.0, 5.0], [2.0, 5.0]])).tolist()
    [[-1.0], [1.0]]
    """
    spread = X.std(0)
    varies = spread > 1e-9
    standardised: FloatArray = (X[:, varies] - X[:, varies].mean(0)) / spread[varies]
    return standardised


def one_hot(codes: IntArray) -> FloatArray:
    """Return indicator columns of the codes 0 to the largest, (records, levels).

    >>> one_hot(np.array([0, 2])).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return np.eye(int(codes.max()) + 1)[codes]


def levels(rng: np.random.Generator, column: FloatArray) -> FloatArray:
    """Return a column (records,) cut at 1 to 4 random quantiles, one-hot encoded, (records, levels)."""
    cuts = np.quantile(column, np.sort(rng.random(rng.integers(1, 5))))
    return one_hot(np.digitize(column, cuts))


def class_sizes(rng: np.random.Generator, records: int, classes: int, concentration: float) -> IntArray:
    """Return sizes of the classes, at least 12 each, that sum to ``records``; a low concentration makes them uneven."""
    share = rng.dirichlet(np.full(classes, concentration))
    sizes = np.floor(share * (records - 12 * classes)).astype(np.int64) + 12
    sizes[0] += records - sizes.sum()
    return sizes


def swap_labels(rng: np.random.Generator, y: IntArray, rate: float) -> IntArray:
    """Return label noise that leaves the size of every class.

    The classes of a share ``rate`` of the records are shuffled.
    """
    noisy = y.copy()
    chosen = np.flatnonzero(rng.random(len(y)) < rate)
    noisy[chosen] = y[rng.permutation(chosen)]
    return noisy
