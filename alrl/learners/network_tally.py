"""Gathers what training did, group by group, into the report of a batched fit."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.learners.network_training import Trained, TrainingSet
from alrl.loop.learner import EpochRecord, FitReport


class NetworkTally:
    """What E epochs did to B episodes; those that were not trained have losses of zero and all records right."""

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
        """Note what training ``episodes`` (b,) did, at so many multiply-adds for the logits of one record."""
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
        """The report, of a call that took so many seconds."""
        return FitReport(
            iterations=self._epochs,
            converged=self._whole,
            losses=self._losses,
            epochs=self._record if self._keep else None,
            multiply_adds=self._work,
            seconds=seconds,
        )
