"""Thompson sampling: the rule that is best in one draw from what is believed of their rewards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from scipy.special import betaincinv
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.strategies.bandit import Bandit, at
from alrl.strategies.meta_strategy import luck_of_each


@dataclass(frozen=True, kw_only=True)
class Thompson(Bandit):
    """Follows the rule whose mean reward is highest in one draw from Beta posteriors.

    Thompson 1933, "On the likelihood that one unknown probability exceeds another"; Agrawal and Goyal 2012. A reward r
    in [0, 1] counts as r of a success and 1 - r of a failure. Memory is the sums of both; the draw is the posterior's
    quantile at a uniform number of the view's noise.

    Raises InvalidRecipeError for a prior that is not above 0, an unknown reward or rule.

    >>> from alrl.strategies.example_view import example_view
    >>> Thompson(rules=["margin", "random"]).select(example_view(seed=0), 2).shape
    torch.Size([3, 2])
    """

    name: ClassVar[str] = "thompson"
    paper: ClassVar[str] = "Thompson 1933"
    batch: ClassVar[str] = "that of the rule drawn"
    cost: ClassVar[str] = "its rules'"
    numbers: ClassVar[int] = 2

    successes: float = 1.0
    """Of the prior Beta distribution."""
    failures: float = 1.0
    """Of the prior Beta distribution."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, given in (("successes", self.successes), ("failures", self.failures)):
            if not given > 0:
                raise InvalidRecipeError(f"thompson: {name} = {given} given; it must be above 0")

    def arm(self, memory: Tensor, view: PoolView) -> Tensor:
        won, lost = memory.unbind(-1)
        return quantiles(won + self.successes, lost + self.failures, luck_of_each(view, memory.shape[1])).argmax(1)

    def learnt(self, memory: Tensor, arm: Tensor, reward: Tensor) -> Tensor:
        count = memory.shape[1]
        return memory + torch.stack([at(arm, reward, count), at(arm, 1 - reward, count)], -1)


def quantiles(won: Tensor, lost: Tensor, level: Tensor) -> Tensor:
    """Quantiles (B, S) at ``level`` (B, S) in (0, 1) of the Beta distributions of ``won`` and ``lost`` (B, S).

    >>> quantiles(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 1.0]]), torch.tensor([[0.25, 0.25]]))
    tensor([[0.2500, 0.5000]], dtype=torch.float64)
    """
    found = betaincinv(*(part.double().cpu().numpy() for part in (won, lost, level)))
    return torch.as_tensor(found, dtype=torch.float64, device=won.device)
