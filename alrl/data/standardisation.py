"""Centring and scaling of records: the one rule, for whole tables and for records that arrive chunk by chunk.

The result does not change with a column's unit or offset: everything is computed in double precision, and a column is
constant by the size of its own values, whatever that size is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alrl.data.arrays import LARGEST
from alrl.errors import InvalidDataError

_SMALLEST = 1e-13
"""Least range of a feature that varies, as a share of its largest value: less is what rounding makes of a constant."""
_TINY = 1e-290
"""Largest value of a column below which there is nothing but zeros to it: its inverse would not be finite."""
_FAR = 1e4
"""Standard deviations between zero and a mean beyond which rounding of a sum shows in it."""


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
        """Return mean and standard deviation of the records X (n, D), whose values are finite.

        A column counts in units of a power of two near its largest value, which rounds nothing, so that no square
        vanishes.

        Raises InvalidDataError if there is no record, or a value too large to be squared.
        """
        if not len(X):
            raise _empty()
        low, high = np.asarray(X.min(0), np.float64), np.asarray(X.max(0), np.float64)
        if max(-low.min(initial=0.0), high.max(initial=0.0)) > LARGEST:
            raise _unusable(X, 0)
        _, power = np.frexp(np.maximum(np.abs(low), np.abs(high)))
        table = np.ldexp(X.astype(np.float64, copy=False), -power)
        mean, scale = table.mean(0), table.std(0)
        far = np.abs(mean) > _FAR * scale
        if far.any():
            centred = table[:, far] - mean[far]
            mean[far] += centred.mean(0)
            scale[far] = (table[:, far] - mean[far]).std(0)
        scale = np.where(_varies(low, high), scale, 0.0)
        return cls(mean=np.ldexp(mean, power), scale=np.ldexp(scale, power))

    @classmethod
    def of(cls, chunks: Iterable[NDArray[Any]]) -> Self:
        """Return mean and standard deviation of the records in ``chunks``, (n, D) each.

        In one pass and double precision.

        Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".

        Raises InvalidDataError if there is no record, or a value that is NaN, infinite, or too large or too small to be
        squared.
        """
        count, mean, squares = 0, np.zeros(0), np.zeros(0)
        low, high = np.full(1, np.inf), np.full(1, -np.inf)
        for chunk in chunks:
            X = chunk.astype(np.float64)
            low, high = np.minimum(low, X.min(0)), np.maximum(high, X.max(0))
            with np.errstate(over="ignore", invalid="ignore"):
                centre = X.mean(0)
                X -= centre
                spread = np.einsum("ij,ij->j", X, X)
            if not np.isfinite(spread).all():
                raise _unusable(chunk, count)
            far = np.abs(centre) > _FAR * np.sqrt(spread / len(X))
            if far.any():
                centre[far] += X[:, far].mean(0)
            if not count:
                mean, squares = np.zeros_like(centre), np.zeros_like(centre)
            total, gap = count + len(X), centre - mean
            squares = squares + spread + gap**2 * (count * len(X) / total)
            mean, count = mean + gap * (len(X) / total), total
        if not count:
            raise _empty()
        varies = _varies(low, high)
        if (varies & (squares == 0)).any():
            column = int(np.flatnonzero(varies & (squares == 0))[0])
            raise InvalidDataError(f"the pool's column {column} holds values whose squares vanish; rescale it")
        return cls(mean=mean, scale=np.where(varies, np.sqrt(squares / count), 0.0))

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        return np.where(self.usable, 1 / np.where(self.usable, self.scale, 1.0), 0.0)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """False where a feature is constant, (D,)."""
        return np.asarray(self.scale > 0)

    def apply(self, X: NDArray[Any], *, scale: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        """Return the records ``X`` (n, D) centred and scaled, computed in double precision.

        ``scale`` (D,) stands for the features' own where that is wanted.
        """
        double = X.astype(np.float64)
        double -= self.mean
        double *= self._inverse if scale is None else np.where(self.usable, 1 / np.where(self.usable, scale, 1.0), 0.0)
        return double.astype(np.float32)


def _varies(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which features vary, (D,), by their least and largest values (D,)."""
    size = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore"):
        return np.asarray((high - low > _SMALLEST * size) & (size > _TINY))


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
