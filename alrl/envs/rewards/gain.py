"""Paid by the gain of the metric with every refit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.envs.rewards.contract import Reward, Standing


@dataclass(frozen=True, kw_only=True)
class Gain(Reward):
    """What a loop adds to the metric; an episode's rewards sum to its last score minus its first."""

    name: ClassVar[str] = "gain"

    def paid(self, before: Standing, after: Standing) -> Tensor:
        return after.score - before.score
