"""Loss change: query where the learner's loss has changed most since the last loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.disagreement import votes
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy

_LEAST = 1e-7


@dataclass(frozen=True, kw_only=True)
class LossChange(Strategy):
    """Scores a record by how much its log loss has changed between the last loop and this one, in nats.

    The difference of losses in time that Huang et al. 2021, "Semi-supervised active learning with temporal output
    discrepancy", bound by the outputs' (see output discrepancy). A loss takes a label, which is not known here: the
    class that the learner predicts now stands for it, as in their loss measure for the unlabelled; of several equally
    likely ones the mean change counts. Probabilities below 1e-7 count as that. In the first loop all scores are zero.

    >>> from alrl.strategies.example_view import example_view
    >>> LossChange().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[2.9068, 0.8507, 1.1344]])
    """

    name: ClassVar[str] = "loss-change"
    paper: ClassVar[str] = "Huang et al. 2021"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        if len(view.trajectory.probabilities) < 2:
            return torch.zeros_like(view.noise)
        before, now = (each.clamp_min(_LEAST).log() for each in view.trajectory.probabilities[-2:])
        change, predicted = torch.zeros_like(view.noise), votes(view.probabilities[:, None])
        for share, moved in zip(predicted.unbind(-1), (now - before).abs().unbind(-1), strict=True):
            change = change + share * moved
        return change * view.trajectory.remembered[-2][:, None]
