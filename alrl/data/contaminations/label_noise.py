"""Records whose label is wrong whoever is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from alrl.data.contaminations.base import Contamination, PoolRows
from alrl.data.pool_truth import CLEAN, MISLABELLED
from alrl.errors import InvalidRecipeError


@dataclass(frozen=True, kw_only=True)
class LabelNoise(Contamination):
    """Each clean record of the pool gets another class with probability ``rate``, each other class being as likely.

    Unlike an annotator's error it is the pool's: asking again, or somebody else, does not help. The first sample may
    hold such records.

    Raises InvalidRecipeError for a rate outside 0 to 1.
    """

    name: ClassVar[str] = "label-noise"

    rate: float
    """Probability of a wrong label."""

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise InvalidRecipeError(f"contamination: rate = {self.rate:g} is not allowed; give a number from 0 to 1")

    def apply(self, pool: PoolRows, classes: int, rng: np.random.Generator) -> PoolRows:
        wrong = (rng.random(len(pool.y)) < self.rate) & (pool.kind == CLEAN)
        other = (pool.y + rng.integers(1, classes, len(pool.y))) % classes
        kind = np.where(wrong, MISLABELLED, pool.kind).astype(np.int8)
        return dataclasses.replace(pool, y=np.where(wrong, other, pool.y), kind=kind)
