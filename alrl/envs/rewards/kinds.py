"""Paid by the area under the learning curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.envs.rewards.contract import Reward, Standing
from alrl.errors import InvalidRecipeError


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


@dataclass(frozen=True, kw_only=True)
class Gain(Reward):
    """Pays what a round adds to the metric; an episode's rewards sum to its last score minus its first."""

    name: ClassVar[str] = "gain"

    def paid(self, before: Standing, after: Standing) -> Tensor:
        return after.score - before.score


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


@dataclass(frozen=True, kw_only=True)
class Target(Reward):
    """Minus the labels bought until the metric is ``share`` of what it is with the whole pool labelled.

    The episode ends there. One that ends before (its budget is spent, no record is left, or the agent stops) costs the
    whole budget. Where the first sample reaches the target already, the first round is free and ends the episode.

    Raises InvalidRecipeError for a share outside 0 to 1, 0 excluded.
    """

    name: ClassVar[str] = "target"
    needs_full_score: ClassVar[bool] = True

    share: float = 0.98
    """Share of the full-data score."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InvalidRecipeError(f"target: share = {self.share} given; give a number above 0, at most 1")

    def paid(self, before: Standing, after: Standing) -> Tensor:
        labels = (before.spent - after.spent).to(after.score.dtype)
        return labels.masked_fill(before.reached, 0.0)

    def settled(self, last: Standing) -> Tensor:
        rest = (last.spent - last.budget).to(last.score.dtype)
        return rest.masked_fill(last.reached, 0.0)

    def reaches(self, score: Tensor, full_score: Tensor) -> Tensor:
        # A share that is met exactly must not be missed by the last digit.
        return score >= self.share * full_score - 1e-6
