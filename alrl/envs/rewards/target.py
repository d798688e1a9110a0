"""Paid minus one for each label until a share of the full-data score is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.envs.rewards.contract import Reward, Standing
from alrl.errors import InvalidRecipeError


@dataclass(frozen=True, kw_only=True)
class Target(Reward):
    """Minus the labels bought until the metric is ``share`` of what it is with the whole pool labelled.

    The episode ends there. One that ends before (its budget is spent, no record is left, or the agent stops) costs the
    whole budget. Where the first sample reaches the target already, the first loop is free and ends the episode.

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
