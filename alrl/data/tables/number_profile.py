"""Profile a table's columns of numbers, all columns at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables.table import NumberBlocks

_CELLS = 1 << 18


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberProfile:
    """By column of numbers."""

    missing: NDArray[np.int64]
    """Records whose value is missing."""
    infinite: NDArray[np.int64]
    """Records whose value is infinite."""
    low: NDArray[np.float64]
    """Smallest value, infinite where there is none."""
    high: NDArray[np.float64]
    """Largest value, minus infinite where there is none."""
    mean: NDArray[np.float64]
    """Mean of the values that are not missing, 0 where there is none."""
    whole: NDArray[np.bool_]
    """Whether every value is a whole number, missing ones apart."""
    counts: NDArray[np.bool_]
    """Whether the values are 0, 1, 2, ... or 1, 2, 3, ... in order."""


def profile(numbers: NumberBlocks) -> NumberProfile:
    """Return what the columns of numbers hold.

    >>> result = profile(NumberBlocks.of(np.array([[1.0, 0.5], [2.0, np.nan]])))
    >>> result.counts.tolist(), result.missing.tolist(), result.high.tolist()
    ([True, False], [0, 1], [2.0, 0.5])
    """
    width = numbers.width
    missing, infinite = np.zeros(width, np.int64), np.zeros(width, np.int64)
    low, high, total = np.full(width, np.inf), np.full(width, -np.inf), np.zeros(width)
    whole, counts = np.ones(width, bool), np.ones(width, bool)
    first: NDArray[np.float64] | None = None
    step = max(1, _CELLS // max(width, 1))
    for start, block in numbers.parts():
        for at in range(0, len(block), step):
            rows = block[at : at + step]
            first = rows[0] if first is None else first
            gone, endless = np.isnan(rows), np.isinf(rows)
            missing += gone.sum(0)
            infinite += endless.sum(0)
            low = np.fmin(low, np.fmin.reduce(rows, 0))
            high = np.fmax(high, np.fmax.reduce(rows, 0))
            total += np.where(gone | endless, 0.0, rows).sum(0)
            whole &= (gone | (rows == np.rint(rows))).all(0)
            if counts.any():
                expected = np.arange(start + at, start + at + len(rows))[:, None] + first
                counts &= (rows == expected).all(0)
    filled = numbers.rows - missing - infinite
    with np.errstate(invalid="ignore"):
        counts &= (first == 0) | (first == 1) if first is not None else False
    return NumberProfile(
        missing=missing,
        infinite=infinite,
        low=low,
        high=high,
        mean=total / np.maximum(filled, 1),
        whole=whole & (infinite == 0),
        counts=counts,
    )
