"""Centring and scaling of records: the one rule, for whole tables and for records that arrive chunk by chunk.

The result does not change with a column's unit or offset: everything is computed in double precision, and a column is
constant by the size of its own values, whatever that size is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alrl.data.arrays import LARGEST, refuse_merged
from alrl.errors import ConstantColumnWarning, InvalidDataError

_SMALLEST = 1e-13
"""Least range of a feature that varies, as a share of its largest value: less is what rounding makes of a constant."""
_WIDEST = 1000
"""Powers of two within which sizes are counted."""
_FAR = 1e4
"""Standard deviations between zero and a mean beyond which rounding of a sum shows in it."""
_LIFT = 2.0**200
"""What numbers too small for full precision are multiplied with, whose scale has no inverse."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standardisation:
    """Mean and scale of D features; a feature that is constant becomes zero.

    >>> standard = Standardisation.of_table(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> standard.mean.tolist(), standard.scale.tolist(), standard.apply(np.array([[5.0, 5.0]])).tolist()
    ([2.0, 5.0], [1.0, 0.0], [[3.0, 0.0]])
    """

    mean: NDArray[np.float64]
    """Mean of each feature, (D,)."""
    scale: NDArray[np.float64]
    """Standard deviation of each feature, (D,); zero where it is constant."""

    @classmethod
    def of_table(cls, X: NDArray[Any]) -> Self:
        """Return the mean and standard deviation of the records X (n, D), whose values are finite.

        Raises InvalidDataError if there is no record, or a value too large to be squared.
        """
        if not len(X):
            raise _empty()
        low, high = _extremes(X, 0)
        power = _power(low, high)
        mean, scale = _moments(X, power)
        return cls._in_units(mean, scale, power, _varies(low, high))

    @classmethod
    def of(cls, chunks: Iterable[NDArray[Any]]) -> Self:
        """Return the mean and standard deviation of the records in ``chunks``, (n, D) each, in one pass.

        Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".

        Raises InvalidDataError if there is no record, a value that is NaN, infinite or too large to be squared, or
        different integers that are one float.
        """
        count, power = 0, np.full(1, -_WIDEST)
        mean, squares = np.zeros(1), np.zeros(1)
        low, high = np.full(1, np.inf), np.full(1, -np.inf)
        for chunk in chunks:
            refuse_merged(chunk, "the pool")
            least, largest = _extremes(chunk, count)
            low, high = np.minimum(low, least), np.maximum(high, largest)
            before, power = power, np.maximum(power, _power(least, largest))
            mean, squares = np.ldexp(mean, before - power), np.ldexp(squares, 2 * (before - power))
            centre, scale = _moments(chunk, power)
            total, gap = count + len(chunk), centre - mean
            squares = squares + scale**2 * len(chunk) + gap**2 * (count * len(chunk) / total)
            mean, count = mean + gap * (len(chunk) / total), total
        if not count:
            raise _empty()
        return cls._in_units(mean, np.sqrt(squares / count), power, _varies(low, high))

    @classmethod
    def _in_units(
        cls,
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
        power: NDArray[np.int64],
        varies: NDArray[np.bool_],
    ) -> Self:
        scale = np.ldexp(scale, power)
        return cls(mean=np.ldexp(mean, power), scale=np.where(varies, scale, 0.0))

    def constant_columns(self, names: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the names of the columns that are constant, or their places if they have no names.

        >>> Standardisation.of_table(np.array([[1.0, 5.0], [3.0, 5.0]])).constant_columns()
        ('column 1',)
        """
        places = np.flatnonzero(~self.usable)
        return tuple(names[place] if names else f"column {place}" for place in places.tolist())

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """False where a feature is constant, (D,)."""
        return np.asarray(self.scale > 0)

    def apply(self, X: NDArray[Any], *, scale: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        """Return the records ``X`` (n, D) centred and scaled, computed in double precision.

        ``scale`` (D,) stands for the features' own where that is wanted.
        """
        divisor = np.where(self.usable, self.scale if scale is None else scale, 1.0)
        small = divisor < np.finfo(np.float64).tiny
        double = X.astype(np.float64)
        double -= self.mean
        if small.any():
            double *= np.where(small, _LIFT, 1.0)
        double *= np.where(self.usable, 1 / np.where(small, divisor * _LIFT, divisor), 0.0)
        return double.astype(np.float32)


def warn_of_constants(columns: Sequence[str], where: str, *, stacklevel: int = 2) -> None:
    """Warn with ConstantColumnWarning that these columns of ``where`` do not vary; nothing is said of none."""
    if not columns:
        return
    more = f" and {len(columns) - 10} more" if len(columns) > 10 else ""
    one = len(columns) == 1
    warnings.warn(
        f"{where}: {len(columns)} {'column has' if one else 'columns have'} the same value in all records and"
        f" {'is' if one else 'are'} left out: {', '.join(columns[:10])}{more}",
        ConstantColumnWarning,
        stacklevel=stacklevel + 1,
    )


def _extremes(X: NDArray[Any], before: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the largest value of each feature, (D,) each; ``before`` records came earlier."""
    low, high = np.asarray(X.min(0), np.float64), np.asarray(X.max(0), np.float64)
    # Written so that NaN is refused too.
    if not (low.min(initial=0.0) >= -LARGEST and high.max(initial=0.0) <= LARGEST):
        raise _unusable(X, before)
    return low, high


def _power(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the power of two near each feature's largest size, (D,): in units of it no square vanishes."""
    size = np.maximum(np.abs(low), np.abs(high))
    return np.where(size > 0, np.maximum(np.frexp(size)[1], -_WIDEST), -_WIDEST)


def _moments(X: NDArray[Any], power: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each feature in units of a power of two, which round nothing, (D,) each."""
    table = X * np.ldexp(1.0, -power)
    mean, scale = table.mean(0), table.std(0)
    far = np.abs(mean) > _FAR * scale
    if far.any():
        centred = table[:, far] - mean[far]
        mean[far] += centred.mean(0)
        scale[far] = (table[:, far] - mean[far]).std(0)
    return mean, scale


def _varies(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which features vary, (D,), by their least and largest values (D,)."""
    return np.asarray(high - low > _SMALLEST * np.maximum(np.abs(low), np.abs(high)))


def _empty() -> InvalidDataError:
    return InvalidDataError("the pool is empty; it needs at least one record")


def _unusable(chunk: NDArray[Any], before: int) -> InvalidDataError:
    bad = ~np.isfinite(chunk)
    if not bad.any():
        return InvalidDataError(
            f"the pool holds values whose squares overflow, in records {before} to {before + len(chunk) - 1}; rescale"
        )
    record, column = (int(place[0]) for place in bad.nonzero())
    return InvalidDataError(
        f"the pool holds NaN or infinite values: {int(bad.sum())} in records {before} to {before + len(chunk) - 1},"
        f" the first in record {before + record}, column {column}; impute them or drop those records"
    )
