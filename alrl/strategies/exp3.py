"""EXP3: an adversarial bandit over rules, whose weights grow exponentially with reward over probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.strategies.bandit import Bandit, at
from alrl.strategies.meta_strategy import drawn


@dataclass(frozen=True, kw_only=True)
class EXP3(Bandit):
    """Follows the rule that is drawn in proportion to its weight, the share ``gamma`` of the draws being uniform.

    Auer, Cesa-Bianchi, Freund and Schapire 2002, "The nonstochastic multiarmed bandit problem". A rule that played is
    credited with its reward divided by the probability that it had; memory is the logarithm of the weights.

    Raises InvalidRecipeError for a ``gamma`` outside (0, 1], an unknown reward or rule.

    >>> from alrl.strategies.example_view import example_view
    >>> EXP3(rules=["margin", "random"]).select(example_view(seed=0), 2).shape
    torch.Size([3, 2])
    """

    name: ClassVar[str] = "exp3"
    paper: ClassVar[str] = "Auer et al. 2002"
    batch: ClassVar[str] = "that of the rule drawn"
    cost: ClassVar[str] = "its rules'"

    gamma: float = 0.1
    """Share of uniform draws, and how fast the weights grow."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.gamma <= 1:
            raise InvalidRecipeError(f"exp3: gamma = {self.gamma} given; it must be above 0 and at most 1")

    def arm(self, memory: Tensor, view: PoolView) -> Tensor:
        return drawn(probabilities(memory[..., 0], self.gamma), view)

    def learnt(self, memory: Tensor, arm: Tensor, reward: Tensor) -> Tensor:
        had = probabilities(memory[..., 0], self.gamma).gather(1, arm[:, None])[:, 0]
        count = memory.shape[1]
        return memory + (self.gamma / count * at(arm, reward / had, count))[..., None]


def probabilities(log_weight: Tensor, gamma: float) -> Tensor:
    """Probability of each rule, (B, S), for the logarithms of their weights (B, S).

    >>> after_a_reward_of_one = torch.tensor([[0.1 / 2 * 1 / 0.5, 0.0]], dtype=torch.float64)
    >>> round(probabilities(after_a_reward_of_one, 0.1)[0, 0].item(), 8)
    0.52248127
    """
    return (1 - gamma) * torch.softmax(log_weight, 1) + gamma / log_weight.shape[1]
