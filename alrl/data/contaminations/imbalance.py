"""Classes that are rare in the pool."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from alrl.data.contaminations.base import Contamination, PoolRows
from alrl.errors import InvalidRecipeError


@dataclass(frozen=True, kw_only=True)
class Imbalance(Contamination):
    """Records are left out until classes in random order have sizes that fall, geometrically, to 1 / ``ratio``.

    The commonest class keeps the records that it has; of a class that has fewer than its size would be, all are kept,
    and of every class at least one.

    Raises InvalidRecipeError for a ratio below 1.
    """

    name: ClassVar[str] = "imbalance"

    ratio: float
    """Records of the commonest class over records of the rarest."""

    def __post_init__(self) -> None:
        if not 1 <= self.ratio < math.inf:
            raise InvalidRecipeError(f"contamination: ratio = {self.ratio} given; allowed is 1 or any number above")

    def apply(self, pool: PoolRows, classes: int, rng: np.random.Generator) -> PoolRows:
        order = rng.permutation(classes)
        largest = int((pool.y == order[0]).sum())
        kept = []
        for place, label in enumerate(order):
            members = rng.permutation(np.flatnonzero(pool.y == label))
            size = max(1, round(largest * self.ratio ** (-place / max(1, classes - 1))))
            kept.append(members[:size])
        return pool.take(np.sort(np.concatenate(kept)))
