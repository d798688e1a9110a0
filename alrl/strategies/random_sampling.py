"""Random sampling: the strategy that every other one has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class RandomSampling(Strategy):
    """Queries records uniformly at random; the score is the noise of the stream ``strategy``.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0)
    >>> RandomSampling().score(view).equal(view.noise)
    True
    """

    name: ClassVar[str] = "random"
    paper: ClassVar[str] = "–"
    cost: ClassVar[str] = "N"

    def score(self, view: PoolView) -> Tensor:
        return view.noise
