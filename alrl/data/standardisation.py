"""Centring and scaling of records that arrive chunk by chunk, as :class:`alrl.data.task.Task` does it for a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidDataError

_SMALLEST = 1e-10
"""Standard deviation of a feature that varies, as a share of its mean: less is what rounding makes of a constant."""


def varies(mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which features vary, (D,) bool, whatever their units: by their scale beside their own mean, (D,) each.

    >>> varies(np.array([3e-12, 5.0, 0.0]), np.array([1e-12, 1e-16, 0.0])).tolist()
    [True, False, False]
    """
    return np.asarray(scale > _SMALLEST * np.abs(mean))


@dataclass(frozen=True, kw_only=True, eq=False)
class Standardisation:
    """Mean and scale of D features; a feature that is constant becomes zero.

    >>> standard = Standardisation.of([np.array([[1.0, 5.0]]), np.array([[3.0, 5.0]])])
    >>> standard.mean.tolist(), standard.scale.tolist(), standard.apply(np.array([[5.0, 5.0]])).tolist()
    ([2.0, 5.0], [1.0, 0.0], [[3.0, 0.0]])
    """

    mean: NDArray[np.float64]
    """Mean of each feature, (D,)."""
    scale: NDArray[np.float64]
    """Standard deviation of each feature, (D,)."""

    @classmethod
    def of(cls, chunks: Iterable[NDArray[Any]]) -> Self:
        """Return mean and standard deviation of the records in ``chunks``, (n, D) each.

        In one pass and double precision.

        Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".

        Raises InvalidDataError if there is no record, or a value that is NaN, infinite or too large to be squared.
        """
        count, mean, squares = 0, np.zeros(0), np.zeros(0)
        for chunk in chunks:
            X = chunk.astype(np.float64)
            with np.errstate(over="ignore", invalid="ignore"):
                centre = X.mean(0)
                X -= centre
                spread = np.einsum("ij,ij->j", X, X)
            if not np.isfinite(spread).all():
                raise _unusable(chunk, count)
            if not count:
                mean, squares = np.zeros_like(centre), np.zeros_like(centre)
            total, gap = count + len(X), centre - mean
            squares = squares + spread + gap**2 * (count * len(X) / total)
            mean, count = mean + gap * (len(X) / total), total
        if not count:
            raise InvalidDataError("the pool is empty; it needs at least one record")
        return cls(mean=mean, scale=np.sqrt(squares / count))

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        return np.where(self.usable, 1 / np.where(self.usable, self.scale, 1.0), 0.0)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """False where a feature is constant, (D,)."""
        return varies(self.mean, self.scale)

    def apply(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Return the records ``X`` (n, D) centred and scaled, computed in double precision."""
        double = X.astype(np.float64)
        double -= self.mean
        double *= self._inverse
        return double.astype(np.float32)


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
