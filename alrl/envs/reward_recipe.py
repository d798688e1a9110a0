"""The table ``[reward]`` of an environment recipe."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from alrl.envs.rewards import Reward, make_reward, reward_kinds
from alrl.envs.rewards.shaping import SCORE, Shaping
from alrl.recipes import checked_while_parsed
from alrl.recipes.model import Recipe
from alrl.recipes.registry import check_keys


class ShapingRecipe(Recipe):
    """Potential-based shaping, kept apart from the true return."""

    potential: str = SCORE
    """``score`` or an observed feature of the loop."""
    weight: float = 1.0
    """What the change of the potential is multiplied by."""
    discount: float = 0.95
    """The agent's."""

    @model_validator(mode="after")
    def _buildable(self) -> ShapingRecipe:
        self.build()
        return self

    def build(self) -> Shaping:
        """Return the shaping."""
        return Shaping(potential=self.potential, weight=self.weight, discount=self.discount)


class RewardRecipe(Recipe):
    """Declare what the agent is paid, from a metric on the validation part; further keys are arguments of the kind."""

    model_config = ConfigDict(extra="allow")

    kind: str = "gain"
    """A registered kind (``gain``, ``area``, ``target``, ``net-value``) or ``package.module:Class``."""
    metric: Literal["accuracy", "balanced-accuracy"] = "accuracy"
    against: Literal["nothing", "margin"] = "nothing"
    """``margin`` takes off what margin sampling earns with the same split and first sample."""
    shaping: ShapingRecipe | None = None
    """Potential-based shaping that is added to the reward; ``info["true_return"]`` is without it."""

    threshold: float | None = Field(default=None, exclude=True)
    """Return at which the environment counts as solved, ``spec.reward_threshold``; it changes no episode."""

    @model_validator(mode="after")
    def _buildable(self) -> RewardRecipe:
        with checked_while_parsed():
            self.build()
        return self

    def build(self) -> Reward:
        """Return the reward."""
        settings = dict(self.model_extra or {})
        check_keys(settings, list(type(self).model_fields), self.kind, reward_kinds())
        return make_reward(self.kind, **settings)
