"""The records that an action may choose from: a declared mixture drawn from the pool."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.best import best
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import top


@dataclass(frozen=True, kw_only=True)
class CandidateMixture:
    """K candidates: the top of margin sampling, then random records.

    A policy is to be used with the mixture that it was trained with: let loose on a whole pool, one trained on random
    candidates is drawn to outliers.

    Raises InvalidRecipeError for a count below 1, a share outside 0 to 1 or shares that do not sum to 1.
    """

    count: int = 32
    """Candidates, K."""
    margin: float = 0.5
    """Share of them that are the available records of smallest margin."""
    random: float = 0.5
    """Share of them drawn at random from the rest."""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidRecipeError(f"candidates: count = {self.count} given; it must be at least 1")
        if min(self.margin, self.random) < 0 or abs(self.margin + self.random - 1) > 1e-9:
            raise InvalidRecipeError(
                f"candidates: shares margin = {self.margin}, random = {self.random} given; each is 0 to 1, their sum 1"
            )

    def draw(self, view: PoolView) -> Tensor:
        """Pool positions of the candidates, (B, K), distinct, smallest margin first; -1 where the pool ran out.

        The last records of the pool are all candidates: where fewer random ones are left than asked for, none is lost.
        """
        sure = round(self.count * self.margin)
        chosen = top(-view.margin, view, sure) if sure else None
        if sure == self.count and chosen is not None:
            return chosen
        luck = view.noise
        if chosen is not None:
            taken = torch.zeros_like(view.exists)
            rows = torch.arange(len(chosen), device=chosen.device)[:, None].expand_as(chosen)
            taken[rows[chosen >= 0], chosen[chosen >= 0]] = True
            luck = luck.masked_fill(taken, -1.0)
        extra = best(luck, view.available & (luck >= 0), luck, self.count - sure)
        return extra if chosen is None else torch.cat([chosen, extra], 1)
