"""Entropy sampling: query where the class probabilities are most even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies import uncertainty
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class Entropy(Strategy):
    """Scores a record by the entropy of its class probabilities in nats, from 0 to log k.

    Settles and Craven 2008, "An analysis of active learning strategies for sequence labeling tasks".

    >>> from alrl.strategies.example_view import example_view
    >>> Entropy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5746, 0.5649, 0.8370]])
    """

    name: ClassVar[str] = "entropy"
    paper: ClassVar[str] = "Settles and Craven 2008"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        return uncertainty.entropy(view.probabilities)
