"""Potential-based shaping: a reward beside the true one, which changes no policy's worth."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.metadata import FeatureSet
from alrl.recipes.suggest import unknown

SCORE = "score"
"""The potential that is the metric on the validation part."""


@dataclass(frozen=True, kw_only=True)
class Shaping:
    """Adds discount times the potential after a step minus the potential before it.

    Ng, Harada and Russell 1999, "Policy invariance under reward transformations". The potential of an episode's end is
    zero: the discounted sum of what is added is minus the potential of its beginning, whatever is played, as long as
    the agent learns with this very discount.

    Raises InvalidRecipeError for a discount outside 0 to 1, 0 excluded, or a weight that is zero.
    """

    potential: str = SCORE
    """``score``, the metric on the validation part, or the name of an observed feature of the loop."""
    weight: float = 1.0
    """What the potential is multiplied by; negative where less is better, as with ``pool-entropy``."""
    discount: float = 0.95
    """The agent's discount."""

    def __post_init__(self) -> None:
        if not 0 < self.discount <= 1:
            raise InvalidRecipeError(f"shaping: discount = {self.discount} given; give a number above 0, at most 1")
        if not self.weight:
            raise InvalidRecipeError("shaping: weight = 0 given, which shapes nothing; leave shaping out")

    def check(self, features: FeatureSet) -> None:
        """Raise InvalidRecipeError for a potential that is neither the score nor an observed feature of the loop."""
        known = [SCORE, *(feature.name for feature in features.loop)]
        if self.potential not in known:
            raise InvalidRecipeError(unknown("potential", self.potential, known))

    def of(self, score: Tensor, loop: Tensor, features: FeatureSet) -> Tensor:
        """Return the potential of each episode, (B,), from its score (B,) and its features of the loop (B, G)."""
        if self.potential == SCORE:
            return self.weight * score
        column = [feature.name for feature in features.loop].index(self.potential)
        return self.weight * loop[:, column]

    def added(self, before: Tensor, after: Tensor, ended: Tensor) -> Tensor:
        """Return what a step adds to the reward, (B,), from potentials (B,) and which episodes it ended (B,).

        >>> import torch
        >>> Shaping(discount=0.5).added(torch.tensor([0.2, 0.2]), torch.tensor([0.8, 0.8]), torch.tensor([False, True]))
        tensor([ 0.2000, -0.2000])
        """
        return self.discount * after.masked_fill(ended, 0.0) - before
