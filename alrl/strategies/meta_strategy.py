"""What strategies that choose among rules, and learn which to follow, have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies.base import Strategy
from alrl.strategies.chance import coin
from alrl.strategies.rule_list import Rule, make_rules

RULES: tuple[Rule, ...] = ("margin", "core-set", "information-density", "random")
"""What is chosen among unless told otherwise: uncertainty, diversity, both, and chance."""
_STEP = 1 << 22
"""Steps of this chance lie far from those of the rules."""


@dataclass(frozen=True, kw_only=True)
class MetaStrategy(Strategy):
    """A strategy over S rules that learns in B episodes, in each as if it were alone.

    What was learnt is a few numbers a rule and an episode, zero at first; where a view says that nothing was bought
    yet, an episode begins and they are zero again. Chance is the view's noise alone.
    """

    learns: ClassVar[bool] = True
    numbers: ClassVar[int] = 1
    """Numbers that are kept of a rule."""

    rules: Sequence[Rule] = RULES
    """What is chosen among: names, tables of a name and its settings, or strategies."""
    memory: Tensor | None = dataclasses.field(default=None, repr=False, compare=False)
    """What was learnt, (B, S, numbers), double: no setting; :meth:`after` fills it in."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", make_rules(self.rules, where=self.name))

    @property
    def arms(self) -> tuple[Strategy, ...]:
        """The rules."""
        return tuple(self.rules)  # type: ignore[arg-type] # made in __post_init__

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset().union(*(rule.needs for rule in self.arms))

    def known(self, view: PoolView) -> Tensor:
        """What was learnt of the episodes of the view, (B, S, numbers); zero where one begins.

        Raises InvalidQueryError for a view of another number of episodes than was learnt from.
        """
        shape = (len(view.exists), len(self.arms), self.numbers)
        if self.memory is None:
            return torch.zeros(shape, dtype=torch.float64, device=view.noise.device)
        if self.memory.shape != shape:
            raise InvalidQueryError(
                f"{self.name} has learnt from {len(self.memory)} episodes and is to play {shape[0]}; begin with a new"
                " one, such as the one that you began with"
            )
        return self.memory * (view.spent > 0)[:, None, None]


def drawn(probabilities: Tensor, view: PoolView, step: Tensor | int = 0) -> Tensor:
    """One of S in proportion to ``probabilities`` (B, S) that sum to one, by the view's noise: (B,), long.

    >>> from alrl.strategies.example_view import example_view
    >>> drawn(torch.tensor([[0.0, 1.0]]), example_view(records=(9,)))
    tensor([1])
    """
    luck = coin(view, step + _STEP).to(probabilities.dtype)
    place = torch.searchsorted(probabilities.cumsum(1), luck[:, None], right=True)[:, 0]
    return place.clamp_max(probabilities.shape[1] - 1)


def luck_of_each(view: PoolView, count: int) -> Tensor:
    """Uniform numbers in (0, 1), (B, count), double, by the view's noise.

    >>> from alrl.strategies.example_view import example_view
    >>> luck_of_each(example_view(records=(9,)), 3).shape
    torch.Size([1, 3])
    """
    return torch.stack([coin(view, _STEP + 1 + number) for number in range(count)], 1).double()
