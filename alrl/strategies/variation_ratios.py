"""Query by committee: query where the fewest members vote as most do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop import disagreement
from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies.asked import members_of
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class VariationRatios(Strategy):
    """Scores a record by the share of a committee's members that do not vote as most do, from 0 to 1 - 1/k.

    Freeman 1965, "Elementary applied statistics"; as a querying strategy Gal, Islam and Ghahramani 2017, "Deep Bayesian
    active learning with image data". It counts votes: one minus the largest mean probability is least confidence.

    Raises InvalidQueryError where the learner is no committee.

    >>> from alrl.strategies.example_view import example_view
    >>> VariationRatios().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5000, 0.5000, 0.5000]])
    """

    name: ClassVar[str] = "variation-ratios"
    paper: ClassVar[str] = "Freeman 1965; Gal, Islam and Ghahramani 2017"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N M k"
    needs: ClassVar[frozenset[Need]] = frozenset({"members"})

    def score(self, view: PoolView) -> Tensor:
        return disagreement.variation_ratio(members_of(view, self.name))
