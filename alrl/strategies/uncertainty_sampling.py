"""Margin sampling: query where the two likeliest classes are closest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.numerics import uncertainty
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class Margin(Strategy):
    """Scores a record by minus the gap between the probabilities of its two likeliest classes, from -1 to 0.

    Scheffer, Decomain and Wrobel 2001, "Active hidden Markov models for information extraction". Minus, because a
    higher score is queried sooner and a small gap is what to ask about.

    >>> from alrl.testing.example_view import example_view
    >>> Margin().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[-0.6678, -0.7253, -0.1896]])
    """

    name: ClassVar[str] = "margin"
    paper: ClassVar[str] = "Scheffer, Decomain and Wrobel 2001"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        return -view.margin


@dataclass(frozen=True, kw_only=True)
class Entropy(Strategy):
    """Scores a record by the entropy of its class probabilities in nats, from 0 to log k.

    Settles and Craven 2008, "An analysis of active learning strategies for sequence labeling tasks".

    >>> from alrl.testing.example_view import example_view
    >>> Entropy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5746, 0.5649, 0.8370]])
    """

    name: ClassVar[str] = "entropy"
    paper: ClassVar[str] = "Settles and Craven 2008"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        return uncertainty.entropy(view.probabilities)


@dataclass(frozen=True, kw_only=True)
class LeastConfidence(Strategy):
    """Scores a record by one minus the probability of its likeliest class, from 0 to 1 - 1/k.

    Lewis and Gale 1994, "A sequential algorithm for training text classifiers"; for many classes Culotta and
    McCallum 2005.

    >>> from alrl.testing.example_view import example_view
    >>> LeastConfidence().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1855, 0.1686, 0.4300]])
    """

    name: ClassVar[str] = "least-confidence"
    paper: ClassVar[str] = "Lewis and Gale 1994"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        return uncertainty.least_confidence(view.probabilities)
