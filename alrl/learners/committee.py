"""A committee of several copies of any learner, which differ in their labelled records or in how they begin."""

from __future__ import annotations

import copy
import inspect
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, get_args

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from alrl.data.task import Task
from alrl.errors import InvalidRecipeError
from alrl.learners.registry import make_learner
from alrl.loop.cost import record_epochs
from alrl.loop.learner import FitReport, Learner
from alrl.numerics.noise import uniform
from alrl.numerics.streams import seed_sequence, stream_key

_MOST = 12
"""Copies of one record that are not exceeded: more are drawn once in ten thousand million times."""


def bootstrap_counts(y: Tensor, weight: Tensor, members: int, seed: int) -> Tensor:
    """Return how often each labelled record is in each member's sample, (B, members, n), float32.

    The counts are Poisson numbers of mean 1, the bootstrap of records that come one by one (Oza and Russell 2001), from
    the stream ``learner bootstrap`` of ``seed``. A count depends on the member and on the record's place in the order
    of labelling alone: no later label changes it, and all episodes have the same. The first record of each class, which
    keeps that class in every member, counts at least 1. Padding, where ``weight`` (B, n) is zero, counts 0; ``y`` is
    (B, n), long.

    >>> y, all_real = torch.tensor([[0, 0, 0, 0, 1]]), torch.ones(1, 5)
    >>> bootstrap_counts(y, all_real, 2, seed=0)
    tensor([[[1., 1., 1., 0., 1.],
             [1., 1., 1., 4., 1.]]])
    """
    counter = torch.arange(members, device=y.device)
    key = torch.full_like(counter, stream_key([seed], "learner bootstrap"))
    drawn = _poisson(uniform(key, counter, y.shape[1]))
    real = weight > 0
    place = (real.cumsum(1) - 1).clamp_min(0)
    counts = drawn[:, place].transpose(0, 1)
    own = one_hot(y) * real[..., None]
    first = ((own.cumsum(1) == 1) & (own > 0)).any(2)
    return torch.maximum(counts, first[:, None].float()) * real[:, None]


def _poisson(chance: Tensor) -> Tensor:
    """Return poisson numbers of mean 1 by inversion of uniform ones."""
    below = torch.tensor([math.exp(-1) / math.factorial(count) for count in range(_MOST)], dtype=torch.float64)
    return torch.searchsorted(below.cumsum(0).to(chance.device), chance.double(), right=True).float()


Diversity = Literal["bagging", "initialisation"]


class Committee(Learner):
    """M members, each a learner of its own; the committee's probability is the mean of theirs.

    With ``bagging`` every member is fitted to its own bootstrap sample of the labelled records (Breiman 1996;
    :func:`bootstrap_counts`): whole numbers that multiply the records' weights, which no later label changes. Members
    are then further episodes of one batched learner, and pools are not copied for them. With ``initialisation`` all see
    all records and begin from seeds of their own (Lakshminarayanan et al. 2017), as M learners of one setting ``seed``
    each: for learners that have one.

    ``predict_members`` gives each member's probabilities, ``embed`` what the first member makes of the records: spaces
    of several members have no axes in common. A fit reports the most iterations of any member, convergence where all
    converged, the mean of their losses an epoch (but no record's own), and the sum of their modelled multiply-adds, as
    does a predicted record.

    Args:
        member: name or ``package.module:Class`` of the learner, or with ``bagging`` an object of it.
        settings: of the learner named.
        members: how many, at least 1.
        diversity: how they come to differ, ``bagging`` or ``initialisation``.
        seed: drives the bootstrap samples, or the members' seeds.

    Raises InvalidRecipeError for a setting outside these, and for ``initialisation`` of a learner without a ``seed``.

    >>> X, y = torch.tensor([[[-1.0], [1.0], [3.0]]]), torch.tensor([[0, 1, 1]])
    >>> committee = Committee(member="nearest-centroid", members=4)
    >>> _ = committee.fit(X, y, torch.ones(1, 3), torch.ones(1, 2, dtype=torch.bool))
    >>> committee.predict_members(X).shape, committee.predict_proba(X).shape
    (torch.Size([1, 4, 3, 2]), torch.Size([1, 3, 2]))
    """

    name: ClassVar[str] = "committee"

    def __init__(
        self,
        *,
        member: str | Learner = "softmax-regression",
        settings: Mapping[str, Any] | None = None,
        members: int = 5,
        diversity: Diversity = "bagging",
        seed: int = 0,
    ) -> None:
        if members < 1:
            raise InvalidRecipeError(f"committee: members = {members} given; give at least 1")
        if diversity not in get_args(Diversity):
            allowed = " or ".join(f'"{each}"' for each in get_args(Diversity))
            raise InvalidRecipeError(f"committee: diversity = {diversity!r} given; give {allowed}")
        self.members, self.diversity, self.seed = members, diversity, seed
        given = dict(settings or {})
        if diversity == "bagging":
            self._parts, self._each = [make_learner(member, **given).fresh()], members
        else:
            self._parts, self._each = _seeded(member, given, members, seed), 1

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started, each = time.perf_counter(), self._each
        if self.diversity == "bagging":
            weight = (weight[:, None] * bootstrap_counts(y, weight, each, self.seed)).flatten(0, 1)
            X, y, class_mask = (value.repeat_interleave(each, 0) for value in (X, y, class_mask))
        reports = [part.fit(X, y, weight, class_mask) for part in self._parts]
        losses = self._by_member(report.losses for report in reports)
        fitted = self._by_member(report.fitted for report in reports)
        work = self._by_member(report.multiply_adds for report in reports)
        count = (weight > 0).sum(1)
        trained = self._by_member(record_epochs(report, count) for report in reports)
        return FitReport(
            iterations=torch.cat([report.iterations.view(-1, each) for report in reports], 1).amax(1),
            converged=torch.cat([report.converged.view(-1, each) for report in reports], 1).all(1),
            fitted=None if fitted is None else fitted.any(1),
            losses=None if losses is None else losses.mean(1),
            multiply_adds=None if work is None else work.sum(1),
            record_epochs=None if trained is None else trained.sum(1),
            seconds=time.perf_counter() - started,
        )

    def _by_member(self, values: Iterable[Tensor | None]) -> Tensor | None:
        """Return what the members report as one tensor (B, M, ...); None where one has nothing to report."""
        parts = []
        for value in values:
            if value is None:
                return None
            parts.append(value.unflatten(0, (-1, self._each)))
        return torch.cat(parts, 1)

    def predict_proba(self, X: Tensor) -> Tensor:
        return self.predict_branches(X, 1)[:, 0]

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        return self._members(X, branches).mean(2)

    def predict_members(self, X: Tensor) -> Tensor:
        return self._members(X, 1)[:, 0]

    def _members(self, X: Tensor, branches: int) -> Tensor:
        """Return probabilities (B, branches, M, N, k) of X (B, N, D)."""
        parts = [part.predict_branches(X, branches * self._each) for part in self._parts]
        return torch.cat([part.unflatten(1, (branches, self._each)) for part in parts], 2)

    def embed(self, X: Tensor) -> Tensor:
        first = self._parts[0]
        if self._each > 1:
            first = first.take(torch.arange(len(X), device=X.device) * self._each)
        return first.embed(X)

    def read_tasks(self, tasks: Sequence[Task]) -> None:
        for part in self._parts:
            part.read_tasks(tasks)

    def restart(self, episodes: Tensor) -> None:
        for part in self._parts:
            part.restart(episodes.repeat_interleave(self._each))

    def take(self, episodes: Tensor) -> Self:
        own = torch.arange(self._each, device=episodes.device)
        rows = (episodes[:, None] * self._each + own).flatten()
        return self._with([part.take(rows) for part in self._parts])

    def with_max_iterations(self, iterations: int) -> Self:
        return self._with([part.with_max_iterations(iterations) for part in self._parts])

    def fresh(self) -> Self:
        return self._with([part.fresh() for part in self._parts])

    def _with(self, parts: list[Learner]) -> Self:
        made = copy.copy(self)
        made._parts = parts
        return made

    def multiply_adds_a_record(self) -> Tensor | None:
        work = self._by_member(part.multiply_adds_a_record() for part in self._parts)
        return None if work is None else work.sum(1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.members} of {self._parts[0]!r}, diversity={self.diversity!r})"


def _seeded(member: str | Learner, settings: dict[str, Any], members: int, seed: int) -> list[Learner]:
    """So many learners with seeds of their own."""
    if not isinstance(member, str):
        raise InvalidRecipeError(
            f'committee: diversity = "initialisation" with the object {member!r}; name its class, as a registered name'
            " or package.module:Class, and give its settings, so that each member can be made with a seed of its own"
        )
    kind = type(make_learner(member, **settings))
    if "seed" not in inspect.signature(kind).parameters:
        raise InvalidRecipeError(
            f'committee: diversity = "initialisation" needs members that begin by chance; {member} has no setting'
            ' seed, so all would be the same. Give diversity = "bagging", or a member that has one'
        )
    states = [seed_sequence([seed, place], "learner").generate_state(1) for place in range(members)]
    return [make_learner(member, **(settings | {"seed": int(state[0])})) for state in states]
