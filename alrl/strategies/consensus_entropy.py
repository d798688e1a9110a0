"""Query by committee: query where the members' mean probabilities are most even."""

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
class ConsensusEntropy(Strategy):
    """Scores a record by the entropy of the mean of a committee's probabilities in nats, from 0 to log k.

    Settles 2009, "Active learning literature survey", section 3.2, of the consensus probability; also known
    as soft vote entropy.

    Raises InvalidQueryError where the learner is no committee.

    >>> from alrl.strategies.example_view import example_view
    >>> ConsensusEntropy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[1.0322, 1.0596, 1.0406]])
    """

    name: ClassVar[str] = "consensus-entropy"
    paper: ClassVar[str] = "Settles 2009"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N M k"
    needs: ClassVar[frozenset[Need]] = frozenset({"members"})

    def score(self, view: PoolView) -> Tensor:
        return disagreement.consensus_entropy(members_of(view, self.name))
