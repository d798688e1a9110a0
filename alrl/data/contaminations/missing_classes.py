"""Classes without a record in the first sample."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from alrl.data.contaminations.base import Contamination, PoolRows
from alrl.errors import InvalidRecipeError
from alrl.numerics.arguments import whole_number


@dataclass(frozen=True, kw_only=True)
class MissingClasses(Contamination):
    """``count`` classes, drawn at random, are not in the first sample; the learner knows that there are such classes.

    At least one class stays, however many are to be missing.

    Raises InvalidRecipeError for a count below 1.
    """

    name: ClassVar[str] = "missing-classes"

    count: int = 1
    """Classes."""

    def __post_init__(self) -> None:
        whole_number("contamination: count", self.count, least=1, error=InvalidRecipeError)

    def apply(self, pool: PoolRows, classes: int, rng: np.random.Generator) -> PoolRows:
        missing = rng.permutation(classes)[: min(self.count, classes - 1)]
        return dataclasses.replace(pool, missing=tuple(sorted({*pool.missing, *missing.tolist()})))
