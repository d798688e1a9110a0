"""Query by committee: query where the members' probabilities diverge most from their mean."""

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
class MeanKL(Strategy):
    """Scores a record by the mean Kullback-Leibler divergence of a committee's members from their mean, in nats.

    McCallum and Nigam 1998, "Employing EM and pool-based active learning for text classification".

    Raises InvalidQueryError where the learner is no committee.

    >>> from alrl.strategies.example_view import example_view
    >>> MeanKL().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1624, 0.2204, 0.2375]])
    """

    name: ClassVar[str] = "mean-kl"
    paper: ClassVar[str] = "McCallum and Nigam 1998"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N M k"
    needs: ClassVar[frozenset[Need]] = frozenset({"members"})

    def score(self, view: PoolView) -> Tensor:
        return disagreement.mean_divergence(members_of(view, self.name))
