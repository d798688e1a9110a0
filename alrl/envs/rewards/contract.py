"""The one contract of rewards: what a player earns by a loop, and what is settled when its episode ends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from alrl.errors import ContractError
from alrl.loop.promises import left_as_given
from alrl.recipes.registry import Named, Registry


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """State of B episodes of one player after a refit, (B,) each.

    The test part is not here: what is not here cannot be rewarded.
    """

    score: Tensor
    """The metric on the validation part, 0 to 1."""
    spent: Tensor
    """Labels charged after the first sample, long."""
    budget: Tensor
    """Labels that may be charged, long."""
    money: Tensor
    """Price of all labels, training and scoring so far, by the recipe's table ``cost``, double."""
    full_score: Tensor
    """The metric of the learner fitted to the whole pool with its true labels; nan unless the reward asks for it."""
    reached: Tensor
    """Whether what the reward asks for has been reached, now or earlier in the episode, bool."""

    def take(self, episodes: Tensor, fresh: Standing) -> Standing:
        """Return the same, but in the episodes of the mask (B,) as ``fresh`` says."""
        return Standing(
            **{
                name: torch.where(episodes, getattr(fresh, name), getattr(self, name))
                for name in self.__dataclass_fields__
            }
        )


class Reward(Named):
    """Pays B episodes; the same for the agent and for the margin run that it is paired with."""

    name: ClassVar[str]
    """The kind in recipes, such as ``gain``."""
    needs_full_score: ClassVar[bool] = False
    """Whether a standing has to hold the score of the learner fitted to the whole pool."""

    @abstractmethod
    def paid(self, before: Standing, after: Standing) -> Tensor:
        """Return what a loop that leads from one standing to the next earns, (B,), float32."""

    def settled(self, last: Standing) -> Tensor:
        """Return what is earned beyond that when the episode ends, (B,), float32."""
        return torch.zeros_like(last.score)

    def reaches(self, score: Tensor, full_score: Tensor) -> Tensor:  # noqa: ARG002
        """Return whether scores (B,) are what the reward asks for, (B,), bool: the episode then ends with this loop."""
        return torch.zeros_like(score, dtype=torch.bool)


def payment(reward: Reward, what: str, standings: Sequence[Standing], due: Tensor) -> Tensor:
    """Return what a reward has ``paid`` or ``settled`` by standings, (B,), and 0 outside the mask ``due`` (B,).

    Raises ContractError for a method that takes other arguments, another shape, what is not finite where it is due, and
    a standing written to.
    """
    with left_as_given(reward, "reward", standings=tuple(standings)):
        money = getattr(reward, what)(*standings)
    if not isinstance(money, Tensor) or money.shape != due.shape:
        given = f"a tensor {tuple(money.shape)}" if isinstance(money, Tensor) else f"{money!r}"
        raise ContractError(
            f"{type(reward).__name__}: {what} gives a number an episode, ({len(due)},); it gave {given}; try it with"
            " alrl.testing.check_reward"
        )
    own = torch.where(due, money.detach(), 0.0)
    if not bool(own.isfinite().all()):
        raise ContractError(
            f"{type(reward).__name__}: {what} gives finite numbers; it gave {own.tolist()}; try it with"
            " alrl.testing.check_reward"
        )
    return own


def reaches(reward: Reward, score: Tensor, full_score: Tensor) -> Tensor:
    """Return whether scores (B,) are what a reward asks for, (B,), bool; raises ContractError for another answer."""
    with left_as_given(reward, "reward", score=score, full_score=full_score):
        reached: Any = reward.reaches(score, full_score)
    if not isinstance(reached, Tensor) or reached.dtype != torch.bool or reached.shape != score.shape:
        given = f"{tuple(reached.shape)} of {reached.dtype}" if isinstance(reached, Tensor) else repr(reached)
        raise ContractError(
            f"{type(reward).__name__}: reaches gives {tuple(score.shape)}, bool; it gave {given}; try it with"
            " alrl.testing.check_reward"
        )
    return reached


REWARDS: Registry[Reward] = Registry(Reward, package="alrl.envs.rewards", noun="kind of reward")  # type: ignore[type-abstract]
"""The kinds of rewards, by name: a file in this package with a subclass is registered."""
reward_kinds, make_reward = REWARDS.all, REWARDS.make
