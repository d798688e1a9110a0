"""Paid by the area under the learning curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.envs.rewards.contract import Reward, Standing


@dataclass(frozen=True, kw_only=True)
class Area(Reward):
    """The area that a loop adds under the metric over labels, by trapezoids, as a share of the budget.

    An episode's rewards sum to the mean of its curve from no label to the whole budget. Where it ends before, for want
    of records or because the agent stops, the curve goes on level.
    """

    name: ClassVar[str] = "area"

    def paid(self, before: Standing, after: Standing) -> Tensor:
        labels = (after.spent - before.spent).to(after.score.dtype)
        return (before.score + after.score) / 2 * labels / after.budget

    def settled(self, last: Standing) -> Tensor:
        return last.score * (last.budget - last.spent).to(last.score.dtype) / last.budget
