"""Information density: query where the learner is unsure and the pool is dense."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.numerics import uncertainty
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class InformationDensity(Strategy):
    """Scores a record by its entropy times its mean similarity to the pool, raised to ``beta``.

    Settles and Craven 2008, "An analysis of active learning strategies for sequence labeling tasks", section 3.4. The
    similarity of two records is 1 / (1 + Euclidean distance), as in modAL; the mean runs over the whole pool, the
    record itself and the labelled ones included, so that it is taken once an episode.

    Raises InvalidRecipeError for a ``beta`` that is negative or not finite.

    >>> from alrl.testing.example_view import example_view
    >>> InformationDensity(beta=2.0).score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1968, 0.1742, 0.3002]])
    """

    name: ClassVar[str] = "information-density"
    paper: ClassVar[str] = "Settles and Craven 2008"
    cost: ClassVar[str] = "N k; the density once a pool"

    beta: float = 1.0
    """Weight of the density: 0 leaves the entropy alone."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.beta) and self.beta >= 0):
            raise InvalidRecipeError(f"information-density: beta = {self.beta} given; it must be finite and at least 0")

    def score(self, view: PoolView) -> Tensor:
        return uncertainty.entropy(view.probabilities) * view.geometry.similarity.pow(self.beta)
