"""Refine: several rules filter the pool in turn, and what is left is covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, check_needs
from alrl.strategies.base import Strategy, distinct_first, picked
from alrl.strategies.batches import checked, completed
from alrl.strategies.diversity.herding import MaxHerding
from alrl.strategies.meta.base import RuleOrTable, make_rules
from alrl.strategies.wrappers.subsampled import drawn_part, subview


@dataclass(frozen=True, kw_only=True)
class Refine(Strategy):
    """Choose a batch that covers what several rules have left of the pool.

    After Huseljic, Herde, Rauch, Hahn and Sick 2025, "Cleaning the pool: progressive filtering of unlabeled pools in
    deep active learning". Filtering: ``rounds`` times every rule ``sees`` a random part of what is left and takes a
    batch, all of equal size; the union is what is left, at most a ``share`` of what was, but ``least``
    records. Covering: :class:`MaxHerding` among what is left. Each rule's notion of value is kept without knowing which
    one is best. Shares and rules are ours: the paper's own were not at hand.

    Raises InvalidRecipeError for no ``rules``, one that is unknown or learns from round to round, ``rounds`` or
    ``least`` below 1, ``sees`` that is not above 0 and at most 1, and a ``share`` that is not above 0 and below 1.

    >>> from alrl.testing.example_view import example_view
    >>> Refine(least=2).select(example_view(seed=0, records=(20,), labelled=(3,)), 2).shape
    torch.Size([1, 2])
    """

    name: ClassVar[str] = "refine"
    paper: ClassVar[str] = "after Huseljic et al. 2025"
    batch: ClassVar[str] = "one by one, each pick counts as known"
    cost: ClassVar[str] = "its rules', then that of max-herding"
    ordered: ClassVar[bool] = False

    rules: Sequence[RuleOrTable] = ("margin", "badge", "max-herding", "typiclust")
    """Strategies that filter."""
    rounds: int = 2
    """How often the pool is filtered."""
    sees: float = 0.5
    """Part of what is left that a rule chooses from."""
    share: float = 0.5
    """Part of what is left that stays after all of them, at most."""
    least: int = 40
    """Records that are left at least."""

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.least < 1:
            raise InvalidRecipeError(f"refine: rounds = {self.rounds}, least = {self.least} given; give at least 1")
        if not 0 < self.share < 1:
            raise InvalidRecipeError(f"refine: share = {self.share} given; it must be above 0 and below 1")
        if not 0 < self.sees <= 1:
            raise InvalidRecipeError(f"refine: sees = {self.sees} given; it must be above 0 and at most 1")
        _ = self.inner

    @cached_property
    def inner(self) -> tuple[Strategy, ...]:
        """The strategies that filter."""
        return make_rules(self.rules, where=self.name)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset().union(*(rule.needs for rule in self.inner))

    def score(self, view: PoolView) -> Tensor:
        small, position = subview(view, self._left(view, 1) | view.known)
        # One that was filtered out is worth less than any that was not: coverage gained is at least 0, else -1.
        inside = torch.where(small.available, MaxHerding().score(small), -2.0)
        outside = torch.full(view.exists.shape, -2.0, dtype=inside.dtype, device=inside.device)
        return outside.scatter(1, position, inside)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        small, position = subview(view, self._left(view, checked(count)) | view.known)
        inside = MaxHerding().select(small, count)
        picks = torch.where(inside >= 0, position.gather(1, inside.clamp_min(0)), -1)
        # Where too few are left, or copies of each other, the rest of the pool goes on.
        whole = completed(picks, MaxHerding().score(view), view, max(count, view.exists.shape[1]))
        return distinct_first(whole, view)[:, :count]

    def _left(self, view: PoolView, count: int) -> Tensor:
        """Return the available records (B, N), bool, that the filtering leaves."""
        check_needs(view, self.needs, self.name)
        left, enough = view.available, max(self.least, count)
        for number in range(self.rounds):
            if int(left.sum(1).max()) <= enough:
                break
            fewer = self._filtered(view, left, number, enough)
            # Rules that agree may leave too few: the episode then keeps what it had.
            left = torch.where(fewer.sum(1, keepdim=True) >= enough, fewer, left)
        return left

    def _filtered(self, view: PoolView, left: Tensor, number: int, enough: int) -> Tensor:
        kept = torch.zeros_like(left)
        number_left = left.sum(1)
        each = (self.share * number_left / len(self.inner)).ceil().clamp_min(-(-enough // len(self.inner))).long()
        for place, rule in enumerate(self.inner):
            seen = drawn_part(view, left, self.sees, each, number * len(self.inner) + place)
            small, position = subview(view, seen | view.known)
            picks = _batches(rule, small, each)
            at = torch.where(picks >= 0, position.gather(1, picks.clamp_min(0)), left.shape[1])
            kept |= torch.zeros_like(torch.nn.functional.pad(left, (0, 1))).scatter(1, at, value=True)[:, :-1]
        return kept & left


def _batches(rule: Strategy, view: PoolView, sizes: Tensor) -> Tensor:
    """Return the rule's batch of a size of its own in every episode, (B, the largest), -1 beyond."""
    most = max(1, int(sizes.max()))
    picks = torch.full((len(sizes), most), -1, dtype=torch.long, device=sizes.device)
    for size in [most] if rule.ordered else sizes.unique().tolist():
        batch = torch.nn.functional.pad(picked(rule, view, size), (0, most - size), value=-1)
        picks = torch.where((sizes <= size if rule.ordered else sizes == size)[:, None], batch, picks)
    return picks.masked_fill(torch.arange(most, device=picks.device) >= sizes[:, None], -1)
