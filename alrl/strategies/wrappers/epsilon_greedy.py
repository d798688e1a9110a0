"""Epsilon-greedy: now and then a random record in place of the strategy's choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import picked, scored, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.randomness import coin, fresh
from alrl.strategies.wrappers.base import Wrapper

_CHOICE = 1 << 20
"""Steps of the random records' chance lie far from those of the base."""


@dataclass(frozen=True, kw_only=True)
class EpsilonGreedy(Wrapper):
    """With probability ``epsilon``, for each record of a batch, a random one; otherwise the next of the base's batch.

    Sutton and Barto 2018, "Reinforcement learning", section 2.2. With ``epsilon`` 0 it is the base, with 1 random.

    Raises InvalidRecipeError for an ``epsilon`` outside 0 to 1, or a ``base`` that there is not.

    >>> from alrl.testing.example_view import example_view
    >>> from alrl.strategies.uncertainty_sampling import Margin
    >>> view = example_view(seed=0)
    >>> EpsilonGreedy(base="margin", epsilon=0.0).select(view, 3).equal(Margin().select(view, 3))
    True
    """

    name: ClassVar[str] = "epsilon-greedy"
    paper: ClassVar[str] = "Sutton and Barto 2018"
    batch: ClassVar[str] = "its base's, some at random"
    cost: ClassVar[str] = "its base's"

    epsilon: float = 0.1
    """Probability of a random record."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.epsilon <= 1:
            raise InvalidRecipeError(f"epsilon-greedy: epsilon = {self.epsilon} given; it must be from 0 to 1")

    @property
    def ordered(self) -> bool:
        return self.inner.ordered

    def score(self, view: PoolView) -> Tensor:
        step = view.selected.sum(1)
        score = scored(self.inner, view)
        return torch.where(
            self._explores(view, step)[:, None], fresh(view.noise, step + _CHOICE).to(score.dtype), score
        )

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        if checked(count) == 1:
            return super().select(view, count)
        planned, step, picks = picked(self.inner, view, count), view.selected.sum(1), []
        for _ in range(largest_batch(view, count)):
            free = view.available.gather(1, planned.clamp_min(0)) & (planned >= 0)
            following = planned.gather(1, free.to(torch.uint8).argmax(1, keepdim=True))
            random = top(fresh(view.noise, step + _CHOICE), view, 1)
            usual = torch.where(free.any(1, keepdim=True), following, random)
            pick = torch.where(self._explores(view, step)[:, None], random, usual)
            picks.append(pick)
            view, step = view.with_selected(pick[:, 0]), step + 1
        return filled(picks, view, count)

    def _explores(self, view: PoolView, step: Tensor) -> Tensor:
        """Return which episodes take a random record now, (B,), bool."""
        return coin(view, step) < self.epsilon
