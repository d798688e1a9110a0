"""Output discrepancy: query where the learner's output has moved most since the last loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class OutputDiscrepancy(Strategy):
    """Scores a record by the Euclidean distance between its class probabilities in this loop and in the last.

    Huang et al. 2021, "Semi-supervised active learning with temporal output discrepancy", where it bounds the change of
    the record's loss from below, so that no label is needed. In the first loop all scores are zero.

    >>> from alrl.strategies.example_view import example_view
    >>> OutputDiscrepancy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.9768, 0.6423, 0.6930]])
    """

    name: ClassVar[str] = "output-discrepancy"
    paper: ClassVar[str] = "Huang et al. 2021"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        total = torch.zeros_like(view.noise)
        if len(view.trajectory.probabilities) < 2:
            return total
        before, now = view.trajectory.probabilities[-2:]
        for moved in (now - before).transpose(1, 2).contiguous().unbind(1):
            total = total + moved * moved
        return total.sqrt() * view.trajectory.remembered[-2][:, None]
