"""Bandits over rules: each round one rule chooses the batch, and what the loop told rewards it."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import check_needs
from alrl.strategies.base import Strategy, picked, scored
from alrl.strategies.batches import checked
from alrl.strategies.meta.base import MetaStrategy, drawn, reward_named, uniform_draws


@dataclass(frozen=True, kw_only=True)
class Bandit(MetaStrategy):
    """Follows one rule a loop; the rule depends on what was learnt and on the view's noise alone.

    So :meth:`after` knows which one played.
    """

    reward: str = "surprise"
    """What a rule is paid for its loop: one of :data:`alrl.strategies.meta.base.REWARDS`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        reward_named(self.reward)

    @property
    def ordered(self) -> bool:
        return all(rule.ordered for rule in self.arms)

    @abstractmethod
    def arm(self, memory: Tensor, view: PoolView) -> Tensor:
        """Return the rule (B,), long, that plays the loop of the view, for what was learnt (B, S, numbers)."""

    @abstractmethod
    def learnt(self, memory: Tensor, arm: Tensor, reward: Tensor) -> Tensor:
        """Return what is learnt from the rules ``arm`` (B,) having been paid ``reward`` (B,) in [0, 1]."""

    def chosen(self, view: PoolView) -> Tensor:
        """Return which rule plays the loop of the view, (B,), long."""
        check_needs(view, self.needs, self.name)
        return self.arm(self.known(view), view)

    def score(self, view: PoolView) -> Tensor:
        arm, score = self.chosen(view), torch.zeros(view.exists.shape, dtype=torch.float64, device=view.noise.device)
        for number, rule in enumerate(self.arms):
            plays = arm == number
            if bool(plays.any()):
                score = torch.where(plays[:, None], scored(rule, view).double(), score)
        return score

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        arm = self.chosen(view)
        picks = torch.full((len(arm), checked(count)), -1, dtype=torch.long, device=arm.device)
        for number, rule in enumerate(self.arms):
            plays = arm == number
            if bool(plays.any()):
                picks = torch.where(plays[:, None], picked(rule, view, count), picks)
        return picks

    def after(self, before: PoolView, picks: Tensor, after: PoolView) -> Strategy:
        memory, played = self.known(before), (picks >= 0).any(1)
        paid = reward_named(self.reward)(before, picks, after)
        learnt = self.learnt(memory, self.arm(memory, before), paid)
        return dataclasses.replace(self, memory=torch.where(played[:, None, None], learnt, memory))


def at(arm: Tensor, value: Tensor, count: int) -> Tensor:
    """Return ``value`` (B,) in the column ``arm`` (B,) of ``count``, zero elsewhere: (B, count), double.

    >>> at(torch.tensor([1]), torch.tensor([0.5]), 2)
    tensor([[0.0000, 0.5000]], dtype=torch.float64)
    """
    blank = torch.zeros(len(arm), count, dtype=torch.float64, device=arm.device)
    return blank.scatter(1, arm[:, None], value.double()[:, None])


@dataclass(frozen=True, kw_only=True)
class UCB(Bandit):
    """Follows the rule whose upper confidence bound is highest; each rule plays once before one plays twice.

    Auer, Cesa-Bianchi and Fischer 2002, "Finite-time analysis of the multiarmed bandit problem" (UCB1). Equal bounds
    are told apart by chance. Memory is how often a rule played and the sum of its rewards.

    Raises InvalidRecipeError for a ``width`` below 0, an unknown reward or rule.

    >>> from alrl.testing.example_view import example_view
    >>> UCB(rules=["margin", "random"]).select(example_view(seed=0), 2).shape
    torch.Size([3, 2])
    """

    name: ClassVar[str] = "ucb"
    paper: ClassVar[str] = "Auer, Cesa-Bianchi and Fischer 2002"
    batch: ClassVar[str] = "that of the rule chosen"
    cost: ClassVar[str] = "its rules'"
    numbers: ClassVar[int] = 2

    width: float = 2.0
    """What the logarithm of the number of plays is multiplied by: 2 in the paper, 0 never explores."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.width >= 0:
            raise InvalidRecipeError(f"ucb: width = {self.width} given; it must be 0 or more")

    def arm(self, memory: Tensor, view: PoolView) -> Tensor:
        bound = upper_bounds(memory[..., 0], memory[..., 1], self.width)
        luck = uniform_draws(view, memory.shape[1]).masked_fill(bound < bound.amax(1, keepdim=True), -1)
        return luck.argmax(1)

    def learnt(self, memory: Tensor, arm: Tensor, reward: Tensor) -> Tensor:
        count = memory.shape[1]
        return memory + torch.stack([at(arm, torch.ones_like(reward), count), at(arm, reward, count)], -1)


def upper_bounds(plays: Tensor, total: Tensor, width: float = 2.0) -> Tensor:
    """Return the mean reward plus confidence radius of each rule, (B, S); infinite for one that never played.

    >>> upper_bounds(torch.tensor([[3.0, 1.0]]), torch.tensor([[1.5, 0.2]]))
    tensor([[1.4614, 1.8651]])
    """
    known = plays.clamp_min(1)
    rounds = plays.sum(1, keepdim=True).clamp_min(1)
    bound: Tensor = total / known + (width * rounds.log() / known).sqrt()
    return bound.masked_fill(plays < 1, torch.inf)


@dataclass(frozen=True, kw_only=True)
class Thompson(Bandit):
    """Follows the rule whose mean reward is highest in one draw from Beta posteriors.

    Thompson 1933, "On the likelihood that one unknown probability exceeds another"; Agrawal and Goyal 2012. A reward r
    in [0, 1] counts as r of a success and 1 - r of a failure. Memory is the sums of both; the draw is the posterior's
    quantile at a uniform number of the view's noise.

    Raises InvalidRecipeError for a prior that is not above 0, an unknown reward or rule.

    >>> from alrl.testing.example_view import example_view
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
        return quantiles(won + self.successes, lost + self.failures, uniform_draws(view, memory.shape[1])).argmax(1)

    def learnt(self, memory: Tensor, arm: Tensor, reward: Tensor) -> Tensor:
        count = memory.shape[1]
        return memory + torch.stack([at(arm, reward, count), at(arm, 1 - reward, count)], -1)


def quantiles(won: Tensor, lost: Tensor, level: Tensor) -> Tensor:
    """Return quantiles (B, S) at ``level`` (B, S) in (0, 1) of the Beta distributions of ``won`` and ``lost`` (B, S).

    >>> quantiles(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 1.0]]), torch.tensor([[0.25, 0.25]]))
    tensor([[0.2500, 0.5000]], dtype=torch.float64)
    """
    from scipy.special import betaincinv

    levels = betaincinv(*(part.double().cpu().numpy() for part in (won, lost, level)))
    return torch.as_tensor(levels, dtype=torch.float64, device=won.device)


@dataclass(frozen=True, kw_only=True)
class EXP3(Bandit):
    """Follows the rule that is drawn in proportion to its weight, the share ``gamma`` of the draws being uniform.

    Auer, Cesa-Bianchi, Freund and Schapire 2002, "The nonstochastic multiarmed bandit problem". A rule that played is
    credited with its reward divided by the probability that it had; memory is the logarithm of the weights.

    Raises InvalidRecipeError for a ``gamma`` outside (0, 1], an unknown reward or rule.

    >>> from alrl.testing.example_view import example_view
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
    """Return the probability of each rule, (B, S), for the logarithms of their weights (B, S).

    >>> after_a_reward_of_one = torch.tensor([[0.1 / 2 * 1 / 0.5, 0.0]], dtype=torch.float64)
    >>> round(probabilities(after_a_reward_of_one, 0.1)[0, 0].item(), 8)
    0.52248127
    """
    return (1 - gamma) * torch.softmax(log_weight, 1) + gamma / log_weight.shape[1]
