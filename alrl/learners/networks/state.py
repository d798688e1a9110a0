"""State of a batched neural network between two fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from alrl.learners.networks.shape import NetworkShape
from alrl.learners.networks.training import Trained, TrainingSet
from alrl.loop.learner import EpochRecord, FitReport


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkGroup:
    """Episodes whose networks are of one size."""

    shape: NetworkShape
    episodes: Tensor
    """Their numbers, (b,), long."""
    parameters: Tensor
    """(b, P)."""
    moments: Tensor | None = None
    """Parameters early and late in the last fit, (b, S, P), where epochs are recorded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkState:
    """The last fit of B episodes."""

    groups: tuple[NetworkGroup, ...]
    allowed: Tensor
    """Classes that may get probability, (B, k), bool."""

    def whole(self) -> NetworkGroup | None:
        """Return the one group that holds every episode in order; None where there are several."""
        return self.groups[0] if len(self.groups) == 1 else None

    def start(self, shape: NetworkShape, episodes: Tensor) -> Tensor:
        """Return where ``episodes`` (b,) begin, (b, P).

        At their last fit if of this size, or as the module was built.
        """
        start = shape.start.to(episodes.device).expand(len(episodes), -1).clone()
        start = start.to(self.groups[0].parameters.dtype) if self.groups else start
        for group in self.groups:
            if group.shape is shape:
                same = episodes[:, None] == group.episodes
                known = same.any(1)
                start[known] = group.parameters[same.byte().argmax(1)[known]]
        return start

    def cleared(self, episodes: Tensor) -> Self:
        """Return the same with the episodes in the mask (B,) as they were before their first fit."""
        groups = []
        for group in self.groups:
            gone, start = episodes[group.episodes, None], group.shape.start.to(group.parameters)
            passed = None if group.moments is None else torch.where(gone[..., None], start, group.moments)
            groups.append(replace(group, parameters=torch.where(gone, start, group.parameters), moments=passed))
        return replace(self, groups=tuple(groups))

    def take(self, episodes: Tensor) -> Self:
        """Return copies of ``episodes`` (long, repeats allowed)."""
        groups = []
        for group in self.groups:
            row = torch.full((len(self.allowed),), -1, device=episodes.device)
            row[group.episodes] = torch.arange(len(group.episodes), device=episodes.device)
            taken = row[episodes]
            kept = (taken >= 0).nonzero()[:, 0]
            if len(kept):
                place = taken[kept]
                passed = None if group.moments is None else group.moments[place]
                groups.append(replace(group, episodes=kept, parameters=group.parameters[place], moments=passed))
        return replace(self, groups=tuple(groups), allowed=self.allowed[episodes])


class NetworkTally:
    """Tally of E epochs in B episodes; those that were not trained have losses of zero and all records right."""

    def __init__(self, given: TrainingSet, epochs: int, *, record: bool) -> None:
        B, n = given.y.shape
        zeros = torch.zeros(B, epochs, n if record else 0, device=given.X.device)
        real = (given.share > 0)[:, None, : zeros.shape[2]]
        self._record = EpochRecord(losses=zeros, correct=real.repeat(1, epochs, 1), margins=zeros.clone())
        self._epochs = torch.zeros(B, dtype=torch.long, device=zeros.device)
        self._whole = torch.ones(B, dtype=torch.bool, device=zeros.device)
        self._losses = zeros.new_zeros(B, epochs)
        self._work = torch.zeros(B, dtype=torch.double, device=zeros.device)
        self._keep = record

    def add(self, episodes: Tensor, given: TrainingSet, trained: Trained, multiply_adds: int) -> None:
        """Note what training ``episodes`` (b,) did, and the multiply-adds for the logits of one record."""
        losses = trained.losses
        self._epochs[episodes] = trained.epochs
        self._losses[episodes] = losses.to(self._losses.dtype)
        guessing = given.allowed.sum(1).to(losses.dtype).log()
        self._whole[episodes] = trained.whole & (losses[:, -1] <= torch.maximum(losses[:, 0], guessing))
        self._work[episodes] = 3.0 * multiply_adds * (trained.epochs * (given.share > 0).sum(1)).double()
        if self._keep:
            n = given.y.shape[1]
            self._record.losses[episodes, :, :n] = trained.record_losses.to(self._losses.dtype)
            self._record.margins[episodes, :, :n] = trained.margins.to(self._losses.dtype)
            self._record.correct[episodes, :, :n] = trained.correct

    def report(self, seconds: float) -> FitReport:
        """Return the report of a call that took ``seconds``."""
        return FitReport(
            iterations=self._epochs,
            converged=self._whole,
            losses=self._losses,
            epochs=self._record if self._keep else None,
            multiply_adds=self._work,
            seconds=seconds,
        )
