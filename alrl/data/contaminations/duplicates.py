"""Copies of records, exact or nearly so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from alrl.data.contaminations.base import Contamination, PoolRows, added, check_share
from alrl.data.pool_truth import CLEAN, DUPLICATE
from alrl.data.standardisation import Standardisation
from alrl.errors import InvalidRecipeError


@dataclass(frozen=True, kw_only=True)
class Duplicates(Contamination):
    """So many copies of clean records, with their labels, that they make up ``share`` of the pool.

    Each is of another record while there are enough. With a ``spread`` above 0 normal noise of ``spread`` standard
    deviations of the pool is added to every feature: near duplicates.

    Raises InvalidRecipeError for a share outside 0 to below 1, or a spread below 0.
    """

    name: ClassVar[str] = "duplicates"

    share: float
    """Of the records of the contaminated pool."""
    spread: float = 0.0
    """Standard deviations of the noise."""

    def __post_init__(self) -> None:
        check_share("share", self.share)
        if not 0 <= self.spread < math.inf:
            raise InvalidRecipeError(f"contamination: spread = {self.spread} given; allowed is 0 or any number above")

    def apply(self, pool: PoolRows, classes: int, rng: np.random.Generator) -> PoolRows:  # noqa: ARG002
        count, sound = added(len(pool.y), self.share), np.flatnonzero(pool.kind == CLEAN)
        rounds = [rng.permutation(sound) for _ in range(-(-count // max(1, len(sound))))]
        copied = np.concatenate([*rounds, np.zeros(0, dtype=np.int64)])[:count].astype(np.int64)
        scale = Standardisation.of_table(pool.X).scale
        noise = rng.standard_normal((len(copied), pool.X.shape[1])) * (self.spread * scale)
        return pool.joined(pool.X[copied] + noise, pool.y[copied], kind=DUPLICATE, group=pool.group[copied])
