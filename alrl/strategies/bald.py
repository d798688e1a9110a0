"""BALD: query where the label would tell most about the learner's parameters."""

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
class BALD(Strategy):
    """Scores a record by the mutual information of its label and the committee's member, in nats, from 0 to log k.

    Houlsby, Huszar, Ghahramani and Lengyel 2011, "Bayesian active learning for classification and preference
    learning". The members stand for draws from a posterior. The number is that of mean-kl; a batch takes the
    records of highest score, however alike (batch-bald does not).

    Raises InvalidQueryError where the learner is no committee.

    >>> from alrl.strategies.example_view import example_view
    >>> BALD().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1624, 0.2204, 0.2375]])
    """

    name: ClassVar[str] = "bald"
    paper: ClassVar[str] = "Houlsby et al. 2011"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N M k"
    needs: ClassVar[frozenset[Need]] = frozenset({"members"})

    def score(self, view: PoolView) -> Tensor:
        return disagreement.mean_divergence(members_of(view, self.name))
