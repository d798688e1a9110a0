"""Paid in money: what the metric is worth, less what labels and computing cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.envs.rewards.contract import Reward, Standing
from alrl.errors import InvalidRecipeError


@dataclass(frozen=True, kw_only=True)
class NetValue(Reward):
    """Gain of the metric in money, less what the loop cost: its labels, its training, its pass over the pool.

    Prices are in the recipe's table ``cost``, in the currency that ``value`` is given in, and in the account that every
    loop carries (:mod:`alrl.loop.cost`): retraining from scratch makes training grow with the square of the loops. The
    first sample is paid before the episode begins; that of a restart is paid by the agent.

    Raises InvalidRecipeError for a value that is not above zero.
    """

    name: ClassVar[str] = "net-value"

    value: float = 100.0
    """Worth of raising the metric from 0 to 1."""

    def __post_init__(self) -> None:
        if not 0 < self.value < float("inf"):
            raise InvalidRecipeError(f"net-value: value = {self.value} given; give a number above 0")

    def paid(self, before: Standing, after: Standing) -> Tensor:
        worth = self.value * (after.score.double() - before.score.double())
        return (worth - (after.money - before.money)).to(torch.float32)
