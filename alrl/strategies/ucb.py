"""UCB1: the rule of largest mean reward plus what it may be underrated by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.strategies.bandit import Bandit, at
from alrl.strategies.meta_strategy import luck_of_each


@dataclass(frozen=True, kw_only=True)
class UCB(Bandit):
    """Follows the rule whose upper confidence bound is highest; each rule plays once before one plays twice.

    Auer, Cesa-Bianchi and Fischer 2002, "Finite-time analysis of the multiarmed bandit problem" (UCB1). Equal bounds
    are told apart by chance. Memory is how often a rule played and the sum of its rewards.

    Raises InvalidRecipeError for a ``width`` below 0, an unknown reward or rule.

    >>> from alrl.strategies.example_view import example_view
    >>> UCB(rules=["margin", "random"]).select(example_view(seed=0), 2).shape
    torch.Size([3, 2])
    """

    name: ClassVar[str] = "ucb"
    paper: ClassVar[str] = "Auer, Cesa-Bianchi and Fischer 2002"
    batch: ClassVar[str] = "that of the rule chosen"
    cost: ClassVar[str] = "its rules'"
    numbers: ClassVar[int] = 2

    width: float = 2.0
    """What the logarithm of the number of plays is multiplied by: 2 in the paper, 0 never explores."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.width >= 0:
            raise InvalidRecipeError(f"ucb: width = {self.width} given; it must be 0 or more")

    def arm(self, memory: Tensor, view: PoolView) -> Tensor:
        bound = upper_bounds(memory[..., 0], memory[..., 1], self.width)
        luck = luck_of_each(view, memory.shape[1]).masked_fill(bound < bound.amax(1, keepdim=True), -1)
        return luck.argmax(1)

    def learnt(self, memory: Tensor, arm: Tensor, reward: Tensor) -> Tensor:
        count = memory.shape[1]
        return memory + torch.stack([at(arm, torch.ones_like(reward), count), at(arm, reward, count)], -1)


def upper_bounds(plays: Tensor, total: Tensor, width: float = 2.0) -> Tensor:
    """Mean reward plus confidence radius of each rule, (B, S); infinite for one that never played.

    >>> upper_bounds(torch.tensor([[3.0, 1.0]]), torch.tensor([[1.5, 0.2]]))
    tensor([[1.4614, 1.8651]])
    """
    known = plays.clamp_min(1)
    rounds = plays.sum(1, keepdim=True).clamp_min(1)
    bound: Tensor = total / known + (width * rounds.log() / known).sqrt()
    return bound.masked_fill(plays < 1, torch.inf)
