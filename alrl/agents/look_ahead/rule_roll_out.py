"""Roll-outs in which a rule or a policy queries, seeing of each branch what it would see of a loop.

A branch of ``Simulator.take`` plays to the last bit what the loop would. These share the pools, fit with fewer
iterations and may play a drawn world whose labels are not the simulator's: neither stands for the other.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.agents.look_ahead.roll_out import RollOut
from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.predictions import REMEMBERED, Trajectory
from alrl.loop.simulator import Simulator
from alrl.numerics.ranking import count_flips


class BaseRule(Protocol):
    """The strategy that queries in a roll-out: any rule or policy that needs probabilities alone."""

    @property
    def needs(self) -> frozenset[Any]:
        """Fields that a view has only when asked for."""

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        """Return the next batch, (episodes, count)."""


class RuleRollOut(RollOut):
    """Branches whose queries are a rule's, among the whole pool. Raises InvalidRecipeError for one of further needs."""

    def __init__(self, simulator: Simulator, *args: Any, rule: BaseRule, noise: Tensor, **how: Any) -> None:
        if rule.needs:
            raise InvalidRecipeError(
                f"look-ahead: a base rule that needs {', '.join(sorted(rule.needs))} given; the view of a roll-out"
                " holds probabilities alone: name another rule, or a policy without such features"
            )
        self._rule = rule
        super().__init__(simulator, *args, noise=noise, **how)
        rows = self.rows
        self._view = dataclasses.replace(
            _repeated(simulator.view, rows), noise=noise[rows], geometry=simulator.view.geometry.take(rows)
        )

    def add(self, picks: Tensor) -> None:
        """Label the records at pool positions ``picks`` (B K, n) as the annotator would; -1 adds none."""
        super().add(picks)
        self._queried = picks

    def query(self) -> None:
        """Every branch queries the rule's record."""
        self._view = self._seen()
        self.add(self._rule.select(self._view, 1))

    def _seen(self) -> PoolView:
        """Return the view after the last refit."""
        before = self._view
        probabilities = self.learner.predict_branches(self.pool.by_column, self.branches).flatten(0, 1)
        came = self.real[:, -self._queried.shape[1] :]
        labelled, silent = _with(before.labelled, self._queried, came), before.silent
        if silent is not None:
            silent = _with(silent, self._queried, ~came)
        view = dataclasses.replace(
            before,
            labelled=labelled,
            labelled_index=self.index,
            labelled_mask=self.real,
            labels=self.labels,
            probabilities=probabilities.to(before.probabilities.dtype),
            # Turned, so that chance is another at every query.
            noise=(before.noise + _TURN) % 1,
            spent=before.spent + self._queried.shape[1],
            silent=silent,
            **self._counts(before, came),
        )
        flips = before.trajectory.flips.clone()
        count_flips(before.predicted, view.predicted, view.exists, torch.ones_like(view.spent, dtype=torch.bool), flips)
        lived = before.trajectory.remembered
        trajectory = Trajectory(
            flips=flips,
            loops=before.trajectory.loops + 1,
            probabilities=(*before.trajectory.probabilities, view.probabilities)[-REMEMBERED:],
            remembered=pad(lived, (0, 0, 0, 1), value=True)[-REMEMBERED:],
        )
        return dataclasses.replace(view, trajectory=trajectory)

    def _counts(self, before: PoolView, came: Tensor) -> dict[str, Any]:
        """Return what the view counts, one fit and some queries later; a label ``came`` (B K, n) or did not."""
        counts: dict[str, Any] = {}
        if before.fits is not None and before.trained is not None and before.obtained is not None:
            counts = {
                "fits": before.fits + 1,
                "trained": before.trained + self.real.sum(1),
                "obtained": before.obtained + came.sum(1),
            }
        if before.times_queried is not None:
            once = _with(torch.zeros_like(before.labelled), self._queried, torch.ones_like(came))
            counts["times_queried"] = before.times_queried + once
        return counts


def _with(mask: Tensor, picks: Tensor, where: Tensor) -> Tensor:
    """Return the mask (B, N) with the positions ``picks`` (B, n) marked too.

    Where there is one and ``where`` says so.
    """
    marked, (rows, columns) = mask.clone(), (where & (picks >= 0)).nonzero(as_tuple=True)
    marked[rows, picks[rows, columns]] = True
    return marked


_TURN = 0.6180339887
"""The golden ratio's fraction: turns by it fall close to no earlier one."""


def _repeated(view: PoolView, rows: Tensor) -> PoolView:
    """Return the view of the episodes ``rows``, repeats allowed; geometry apart."""
    names = [field.name for field in dataclasses.fields(view)]
    taken: dict[str, Any] = {name: each[rows] for name in names if isinstance(each := getattr(view, name), Tensor)}
    before = view.trajectory
    trajectory = Trajectory(
        flips=before.flips[rows],
        loops=before.loops[rows],
        probabilities=tuple(probabilities[rows] for probabilities in before.probabilities),
        remembered=before.remembered[:, rows],
    )
    return dataclasses.replace(view, trajectory=trajectory, **taken)
