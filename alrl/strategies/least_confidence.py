"""Least confidence: query where the likeliest class is least likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies import uncertainty
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class LeastConfidence(Strategy):
    """Scores a record by one minus the probability of its likeliest class, from 0 to 1 - 1/k.

    Lewis and Gale 1994, "A sequential algorithm for training text classifiers"; for many classes Culotta and
    McCallum 2005.

    >>> from alrl.strategies.example_view import example_view
    >>> LeastConfidence().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1855, 0.1686, 0.4300]])
    """

    name: ClassVar[str] = "least-confidence"
    paper: ClassVar[str] = "Lewis and Gale 1994"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        return uncertainty.least_confidence(view.probabilities)
