"""Value of a candidate: the learner's score along the next queries after adding it, by batched roll-outs.

This looks at hidden labels and at the validation part (an oracle, at the test part). It is for training experts and
upper bounds, never for a strategy or a policy: it takes the simulator itself, which neither of them holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import Tensor

from alrl.agents.look_ahead.beam import beam_value
from alrl.agents.look_ahead.roll_out import RollOut, ScoredMetric
from alrl.agents.look_ahead.rule_roll_out import BaseRule, RuleRollOut
from alrl.agents.look_ahead.worlds import World, draw_worlds, real_world
from alrl.errors import InvalidRecipeError
from alrl.loop.parts import PartName
from alrl.loop.simulator import Simulator

TURN = 0.7548776662
"""Turns the chance of each further roll-out away from those before."""


@dataclass(frozen=True, kw_only=True)
class LookAhead:
    """Values candidates by adding each, then letting a base rule query for the rest of the horizon.

    Raises InvalidRecipeError for a horizon, reach, number of iterations, repeats, beam or worlds below 1, a share of
    the part outside 0 to 1, for a beam beside a base rule, and for an unknown metric.
    """

    horizon: int = 6
    """Queries that a roll-out makes, the candidate included; 1 values the immediate gain alone."""
    base: BaseRule | None = None
    """Who makes the queries after the candidate: a rule or a policy, which chooses from the whole pool; None is margin,
    which chooses within the reach and is several times faster."""
    reach: int = 128
    """Pool records that the roll-out's margin queries choose from: half of smallest margin now, half random."""
    iterations: int = 5
    """Most solver iterations of each refit of a roll-out."""
    metric: ScoredMetric = "accuracy"
    """What the learner is scored by."""
    likelihood: float = 0.2
    """Weight of the mean log-likelihood (at least -3) beside the metric: it tells candidates apart earlier."""
    repeats: int = 1
    """Roll-outs of each candidate, the mean of which is its value; each with chance of its own."""
    beam: int = 1
    """Sequences of queries that are followed for each candidate; the best in the end counts. 1 follows margin's."""
    brier: float = 0.0
    """Weight of the mean Brier score (0 to 2) that is taken off: proper, as the log-likelihood, and bounded."""
    worlds: int = 1
    """Worlds that a value is the mean of, each with chance of its own (:mod:`alrl.agents.look_ahead.worlds`)."""
    drawn: bool = False
    """Whether a world's labels are drawn from the learner fitted to the whole pool; else they are the true ones."""
    part: float = 1.0
    """Share of the validation part's records that a world scores by, drawn for each."""

    def __post_init__(self) -> None:
        for name in ("horizon", "reach", "iterations", "repeats", "beam", "worlds"):
            if getattr(self, name) < 1:
                raise InvalidRecipeError(f"look-ahead: {name} = {getattr(self, name)} given; it must be at least 1")
        if not 0 < self.part <= 1:
            raise InvalidRecipeError(f"look-ahead: part = {self.part:g} given; give a share above 0, up to 1")
        if self.metric not in get_args(ScoredMetric):
            allowed = ", ".join(get_args(ScoredMetric))
            raise InvalidRecipeError(f"look-ahead: metric = {self.metric!r} given; allowed: {allowed}")
        if self.beam > 1 and self.base is not None:
            raise InvalidRecipeError(
                f"look-ahead: beam = {self.beam} given beside a base rule; beams follow margin: drop one of the two"
            )

    @property
    def plain(self) -> bool:
        """Whether there is one world, the real one as it is now."""
        return self.worlds == 1 and not self.drawn and self.part == 1

    def value(
        self,
        simulator: Simulator,
        candidates: Tensor,
        *,
        part: PartName = "validation",
        batch: Tensor | None = None,
    ) -> Tensor:
        """Return value of each candidate (B, K): the mean score on a part at the watched steps of its roll-out.

        Mean over the worlds, too.

        ``candidates`` (B, K) are pool positions; where one is -1 its value is that of adding nothing. They may be
        batches, (B, K, n), whose labels come together. While a batch is filled,
        ``batch`` (B, h) are the records that it holds, -1 for none: a roll-out begins with their labels and the
        candidate's together, so one that tells nothing beside them is worth little. The test part is for upper bounds
        alone: no expert that anything is trained from may ask for it.
        """
        values = self.by_world(simulator, candidates, self.draw_worlds(simulator, part), part=part, batch=batch)
        return values.mean(0) if len(values) > 1 else values[0]

    def draw_worlds(self, simulator: Simulator, part: PartName = "validation") -> list[World]:
        """Return the worlds of the episodes, the same each time; unless ``plain``, one call serves all their states."""
        if self.plain:
            return [real_world(simulator, part)]
        return draw_worlds(simulator, part, count=self.worlds, drawn=self.drawn, share=self.part)

    def by_world(
        self,
        simulator: Simulator,
        candidates: Tensor,
        worlds: Sequence[World],
        *,
        part: PartName = "validation",
        batch: Tensor | None = None,
    ) -> Tensor:
        """Return the value of each candidate in each world, (worlds, B, K); the arguments are those of :meth:`value`.

        Raises InvalidRecipeError without a world.
        """
        if not worlds:
            raise InvalidRecipeError("look-ahead: no world given; draw_worlds makes as many as the recipe says")
        noise = simulator.view.noise
        values = []
        for number, world in enumerate(worlds):
            turns = range(number * self.repeats, (number + 1) * self.repeats)
            tries = [self._once(simulator, candidates, part, (noise + turn * TURN) % 1, batch, world) for turn in turns]
            values.append(torch.stack(tries).mean(0) if len(tries) > 1 else tries[0])
        return torch.stack(values)

    def _once(
        self,
        simulator: Simulator,
        candidates: Tensor,
        part: PartName,
        noise: Tensor,
        batch: Tensor | None,
        world: World,
    ) -> Tensor:
        how: dict[str, Any] = {"reach": self.reach, "iterations": self.iterations, "noise": noise, "batch": batch}
        how["world"] = world
        if self.base is None:
            roll_out = RollOut(simulator, candidates, part, **how)
        else:
            roll_out = RuleRollOut(simulator, candidates, part, rule=self.base, **how)
        watched = frozenset({0, self.horizon // 2, self.horizon - 1})
        if self.beam > 1:
            return beam_value(
                roll_out,
                lambda: roll_out.score(self.metric, self.likelihood, self.brier),
                width=self.beam,
                horizon=self.horizon,
                watched=watched,
            )
        total = torch.zeros(candidates.shape[:2], device=candidates.device)
        for step in range(self.horizon):
            roll_out.refit()
            if step in watched:
                total += roll_out.score(self.metric, self.likelihood, self.brier)
            if step < self.horizon - 1:
                roll_out.query()
        return total / len(watched)
