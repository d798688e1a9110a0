"""Margin sampling: query where the two likeliest classes are closest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class Margin(Strategy):
    """Scores a record by minus the gap between the probabilities of its two likeliest classes, from -1 to 0.

    Scheffer, Decomain and Wrobel 2001, "Active hidden Markov models for information extraction". Minus, because a
    higher score is queried sooner and a small gap is what to ask about.

    >>> from alrl.strategies.example_view import example_view
    >>> Margin().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[-0.6678, -0.7253, -0.1896]])
    """

    name: ClassVar[str] = "margin"
    paper: ClassVar[str] = "Scheffer, Decomain and Wrobel 2001"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        return -view.margin
