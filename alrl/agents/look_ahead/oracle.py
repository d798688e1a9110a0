"""Oracles: upper bounds that see hidden labels, which no strategy and no policy can.

An oracle is a :class:`~alrl.strategies.base.Strategy` that declares that it peeks: it is handed the simulator itself,
and a view gives it nothing to choose by. Nothing finds one by a strategy's name; a study has to name an agent of kind
``oracle``, and its tables mark it and leave it out of every rank.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from alrl.agents.look_ahead.look_ahead import TURN, LookAhead
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.loop.view_fields import Need
from alrl.strategies import Strategy
from alrl.strategies.base import batch_of, picked
from alrl.strategies.batches import checked
from alrl.strategies.expected_change import spread, tried
from alrl.strategies.meta.base import RuleOrTable, make_rules
from alrl.strategies.wrappers.subsampled import drawn_part, subview

UPPER_BOUND = "upper bound"
"""What tables and figures write behind an oracle's name."""
_AT_ONCE = 1 << 24


ScoredPart = Literal["test", "validation"]


TEN_RULES = (
    *("random", "margin", "least-confidence", "badge", "core-set"),
    *("typiclust", "max-herding", "falcun", "weighted-kmeans", "reach"),
)


@dataclass(frozen=True, kw_only=True)
class _Peeking(Strategy):
    """What oracles have in common: the part that they look at, and how they look at it."""

    peeks: ClassVar[bool] = True

    part: ScoredPart = "test"
    """What the learner is scored on."""
    horizon: int = 1
    """Queries that a try is followed for: what is tried, then the record of smallest margin."""
    iterations: int = 50
    """Most solver steps or epochs of a refit, which begins at the learner's last fit."""
    likelihood: float = 0.01
    """Weight of the mean log-likelihood beside the accuracy: it tells apart what is as accurate."""

    def __post_init__(self) -> None:
        if self.part not in get_args(ScoredPart):
            allowed = ", ".join(get_args(ScoredPart))
            raise InvalidRecipeError(f"{self.name}: part = {self.part!r} given; allowed: {allowed}")
        _ = self._ahead

    @property
    def _ahead(self) -> LookAhead:
        return LookAhead(horizon=self.horizon, iterations=self.iterations, likelihood=self.likelihood)

    def score(self, view: PoolView) -> Tensor:  # noqa: ARG002
        raise InvalidQueryError(
            f"{self.name} sees hidden labels, which no view holds: no strategy for records of your own, but an upper"
            " bound for simulate() and for studies"
        )

    def _valued(self, simulator: Simulator, tried_ones: Tensor) -> Tensor:
        """Return the value (B, K) of records (B, K) or of batches of them (B, K, n), in parts that fit into memory."""
        view, (B, K) = simulator.view, tried_ones.shape[:2]
        scored = simulator.parts(self.part).exists.shape[1] * view.class_mask.shape[1]
        at_once = max(1, _AT_ONCE // (B * (scored + view.labels.shape[1] * view.features.shape[2])))
        parts = tried_ones.split(at_once, 1) if K else ()
        values = [self._ahead.value(simulator, some, part=self.part) for some in parts]
        return torch.cat(values, 1) if values else torch.zeros(B, K, device=tried_ones.device)


@dataclass(frozen=True, kw_only=True)
class GreedyOracle(_Peeking):
    """Tries every record with its true label and queries the one after which the learner scores best.

    The greedy oracle of Werner et al. 2024, "A cross-domain benchmark for active learning" (Lu et al. 2023 search
    beams of several). It looks at the very part that the curves are drawn on, so that what it gains includes what is
    noise: an upper bound on greedy querying, no goal. Of larger pools ``candidates`` records are drawn anew for every
    query. A batch is the records of highest score, each tried alone.

    Raises InvalidRecipeError for an unknown ``part``, or ``candidates``, ``horizon`` or ``iterations`` below 1.

    >>> from alrl.learners import SoftmaxRegression
    >>> from alrl.data.synthetic import synthetic
    >>> from alrl.data.task import draw_task
    >>> simulator = Simulator([draw_task(synthetic("mixed", 0), [0])], SoftmaxRegression(), labels=5)
    >>> GreedyOracle(candidates=20).peek(simulator, 2).shape
    torch.Size([1, 2])
    """

    name: ClassVar[str] = "greedy-oracle"
    paper: ClassVar[str] = "Werner et al. 2024"
    cost: ClassVar[str] = "256 k refits, each scored on the part"
    candidates: int = 256
    """Most records that are tried: drawn anew for every query from a pool with more available ones."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.candidates < 1:
            raise InvalidRecipeError(f"{self.name}: candidates = {self.candidates} given; give at least 1")

    def peek(self, simulator: Simulator, count: int = 1) -> Tensor:
        checked(count)
        view = simulator.view
        records = tried(view, self.candidates)
        value = self._valued(simulator, records)
        return batch_of(spread(view, records, value), view, count)


@dataclass(frozen=True, kw_only=True)
class BoSS(_Peeking):
    """Lets several rules propose batches, and queries the batch after which the learner scores best.

    Huseljic, Herde, Rauch, Hahn and Sick 2026, "BoSS: A best-of-strategies selector as an oracle for deep active
    learning": ten strategies propose a hundred batches, each from a random part of the pool, and the batch of greatest
    gain by the true labels is taken, so that it looks ahead over whole batches where :class:`GreedyOracle` tries
    records one by one. Which part of the pool a rule sees, and the ten rules, are ours.

    Raises InvalidRecipeError for an unknown ``part``, no ``rules`` or one that learns, ``proposals`` or ``iterations``
    below 1, and a ``share`` that is not above 0 and at most 1.

    >>> from alrl.learners import SoftmaxRegression
    >>> from alrl.data.synthetic import synthetic
    >>> from alrl.data.task import draw_task
    >>> simulator = Simulator([draw_task(synthetic("mixed", 0), [0])], SoftmaxRegression(), labels=5)
    >>> BoSS(rules=["margin", "random"], proposals=3).peek(simulator, 2).shape
    torch.Size([1, 2])
    """

    name: ClassVar[str] = "boss"
    paper: ClassVar[str] = "Huseljic et al. 2026"
    cost: ClassVar[str] = "its rules' ten times, then 100 refits, each scored on the part"

    rules: Sequence[RuleOrTable] = TEN_RULES
    """Strategies that propose."""
    proposals: int = 10
    """Batches that each of them proposes."""
    share: float = 0.5
    """Part of the available records that a proposal is made from, drawn anew for each."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.proposals < 1:
            raise InvalidRecipeError(f"{self.name}: proposals = {self.proposals} given; give at least 1")
        if not 0 < self.share <= 1:
            raise InvalidRecipeError(f"{self.name}: share = {self.share} given; it must be above 0 and at most 1")
        _ = self.proposers

    @cached_property
    def proposers(self) -> tuple[Strategy, ...]:
        """The strategies that propose."""
        return make_rules(self.rules, where=self.name)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset().union(*(rule.needs for rule in self.proposers))

    def peek(self, simulator: Simulator, count: int = 1) -> Tensor:
        checked(count)
        proposed = self._proposed(simulator.view, count)
        value = self._valued(simulator, proposed)
        return proposed[torch.arange(len(value), device=value.device), value.argmax(1)]

    def _proposed(self, view: PoolView, count: int) -> Tensor:
        """Return every rule's batches in turn, (B, K, count)."""
        batches = []
        for turn in range(self.proposals):
            view = dataclasses.replace(view, noise=(view.noise + TURN) % 1)
            least = torch.full_like(view.spent, count)
            for number, rule in enumerate(self.proposers):
                part = drawn_part(view, view.available, self.share, least, turn * len(self.proposers) + number)
                small, position = subview(view, part | view.known)
                inside = picked(rule, small, count)
                batches.append(torch.where(inside >= 0, position.gather(1, inside.clamp_min(0)), -1))
        return torch.stack(batches, 1)
