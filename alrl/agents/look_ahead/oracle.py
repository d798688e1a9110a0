"""Oracles: upper bounds that see hidden labels, which no strategy and no policy can.

An oracle is a :class:`~alrl.strategies.base.Strategy` that declares that it peeks: it is handed the simulator itself,
and a view gives it nothing to choose by. Nothing finds one by a strategy's name; a study has to name an agent of kind
``oracle``, and its tables mark it and leave it out of every rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.strategies import Strategy
from alrl.strategies.base import batch_of
from alrl.strategies.expected_change import spread, tried

UPPER_BOUND = "upper bound"
"""What tables and figures write behind an oracle's name."""
_AT_ONCE = 1 << 24


ScoredPart = Literal["test", "validation"]


@dataclass(frozen=True, kw_only=True)
class GreedyOracle(Strategy):
    """Tries every record with its true label and queries the one after which the learner scores best.

    The greedy oracle of Werner et al. 2024, "A cross-domain benchmark for active learning" (Lu et al. 2023 search
    beams of several). It looks at the very part that the curves are drawn on, so that what it gains includes what is
    noise: an upper bound on greedy querying, no goal. Of larger pools so many ``candidates`` are drawn anew for every
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
    peeks: ClassVar[bool] = True

    part: ScoredPart = "test"
    """What the learner is scored on."""
    candidates: int = 256
    """Of a pool with more available records, so many are tried."""
    horizon: int = 1
    """Queries that a try is followed for: the candidate, then the record of smallest margin."""
    iterations: int = 50
    """Most solver steps or epochs of a refit, which begins at the learner's last fit."""
    likelihood: float = 0.01
    """Weight of the mean log-likelihood beside the accuracy: it tells apart what is as accurate."""

    def __post_init__(self) -> None:
        if self.part not in get_args(ScoredPart):
            allowed = ", ".join(get_args(ScoredPart))
            raise InvalidRecipeError(f"{self.name}: part = {self.part!r} given; allowed: {allowed}")
        if self.candidates < 1:
            raise InvalidRecipeError(f"{self.name}: candidates = {self.candidates} given; give at least 1")
        _ = self._ahead

    @property
    def _ahead(self) -> LookAhead:
        return LookAhead(horizon=self.horizon, iterations=self.iterations, likelihood=self.likelihood)

    def score(self, view: PoolView) -> Tensor:  # noqa: ARG002
        raise InvalidQueryError(
            f"{self.name} sees hidden labels, which no view holds: no strategy for records of your own, but an upper"
            " bound for simulate() and for studies"
        )

    def peek(self, simulator: Simulator, count: int = 1) -> Tensor:
        if count < 1:
            raise InvalidQueryError(f"batch of {count} records asked for; a batch has at least 1 record")
        view = simulator.view
        records = tried(view, self.candidates)
        scored = simulator.parts(self.part).exists.shape[1] * view.class_mask.shape[1]
        at_once = max(1, _AT_ONCE // (len(records) * (scored + view.labels.shape[1] * view.features.shape[2])))
        parts = records.split(at_once, 1) if records.shape[1] else ()
        values = [self._ahead.value(simulator, some, part=self.part) for some in parts]
        value = torch.cat(values, 1) if values else torch.zeros(records.shape, device=records.device)
        return batch_of(spread(view, records, value), view, count)
