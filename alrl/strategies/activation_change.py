"""Activation change: query where the learner's representation has moved most since the last loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies.asked import earlier_embedding_of, embedding_of
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class ActivationChange(Strategy):
    """Scores a record by the Euclidean distance between its embedding in this loop and in the last.

    The temporal discrepancy of Huang et al. 2021, "Semi-supervised active learning with temporal output discrepancy",
    measured before the last layer instead of after it. In the first loop all scores are zero, and they stay so with a
    learner whose embedding is the features, such as softmax regression: there every record is as good.

    >>> from alrl.strategies.example_view import example_view
    >>> ActivationChange().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[2.3475, 1.6160, 1.9948]])
    """

    name: ClassVar[str] = "activation-change"
    paper: ClassVar[str] = "after Huang et al. 2021"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N E"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding", "earlier-embedding"})

    def score(self, view: PoolView) -> Tensor:
        before, now = earlier_embedding_of(view, self.name), embedding_of(view, self.name)
        total = torch.zeros_like(view.noise)
        # Column by column: a sum over the axis rounds equal records differently, by where in the pool they are.
        for moved in (now - before).transpose(1, 2).contiguous().unbind(1):
            total = total + moved * moved
        return total.sqrt()
