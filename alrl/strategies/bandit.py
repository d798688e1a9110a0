"""Bandits over rules: each loop one rule chooses the batch, and what the loop told rewards it."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.asked import check_held
from alrl.strategies.base import Strategy
from alrl.strategies.batches import checked
from alrl.strategies.meta_strategy import MetaStrategy
from alrl.strategies.rewards import reward_named


@dataclass(frozen=True, kw_only=True)
class Bandit(MetaStrategy):
    """Follows one rule a loop; the rule depends on what was learnt and on the view's noise alone.

    So :meth:`after` knows which one played.
    """

    reward: str = "surprise"
    """What a rule is paid for its loop: one of :data:`alrl.strategies.rewards.REWARDS`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        reward_named(self.reward)

    @property
    def ordered(self) -> bool:
        return all(rule.ordered for rule in self.arms)

    @abstractmethod
    def arm(self, memory: Tensor, view: PoolView) -> Tensor:
        """The rule (B,), long, that plays the loop of the view, for what was learnt (B, S, numbers)."""

    @abstractmethod
    def learnt(self, memory: Tensor, arm: Tensor, reward: Tensor) -> Tensor:
        """What is learnt from the rules ``arm`` (B,) having been paid ``reward`` (B,) in [0, 1]."""

    def chosen(self, view: PoolView) -> Tensor:
        """Which rule plays the loop of the view, (B,), long."""
        check_held(view, self.needs, self.name)
        return self.arm(self.known(view), view)

    def score(self, view: PoolView) -> Tensor:
        arm, score = self.chosen(view), torch.zeros(view.exists.shape, dtype=torch.float64, device=view.noise.device)
        for number, rule in enumerate(self.arms):
            plays = arm == number
            if bool(plays.any()):
                score = torch.where(plays[:, None], rule.score(view).double(), score)
        return score

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        arm = self.chosen(view)
        picks = torch.full((len(arm), checked(count)), -1, dtype=torch.long, device=arm.device)
        for number, rule in enumerate(self.arms):
            plays = arm == number
            if bool(plays.any()):
                picks = torch.where(plays[:, None], rule.select(view, count), picks)
        return picks

    def after(self, before: PoolView, picks: Tensor, after: PoolView) -> Strategy:
        memory, played = self.known(before), (picks >= 0).any(1)
        paid = reward_named(self.reward)(before, picks, after)
        learnt = self.learnt(memory, self.arm(memory, before), paid)
        return dataclasses.replace(self, memory=torch.where(played[:, None, None], learnt, memory))


def at(arm: Tensor, value: Tensor, count: int) -> Tensor:
    """``value`` (B,) in the column ``arm`` (B,) of ``count``, zero elsewhere: (B, count), double.

    >>> at(torch.tensor([1]), torch.tensor([0.5]), 2)
    tensor([[0.0000, 0.5000]], dtype=torch.float64)
    """
    blank = torch.zeros(len(arm), count, dtype=torch.float64, device=arm.device)
    return blank.scatter(1, arm[:, None], value.double()[:, None])
