"""Query by committee: query where the members' votes are most evenly split."""

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
class VoteEntropy(Strategy):
    """Scores a record by the entropy of a committee's votes in nats, from 0 to log k.

    Engelson and Dagan 1996, "Minimizing manual annotation cost in supervised training from corpora"; Seung, Opper and
    Sompolinsky 1992 for query by committee.

    Raises InvalidQueryError where the learner is no committee.

    >>> from alrl.strategies.example_view import example_view
    >>> VoteEntropy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[1.0397, 1.0397, 1.0397]])
    """

    name: ClassVar[str] = "vote-entropy"
    paper: ClassVar[str] = "Engelson and Dagan 1996"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N M k"
    needs: ClassVar[frozenset[Need]] = frozenset({"members"})

    def score(self, view: PoolView) -> Tensor:
        return disagreement.vote_entropy(members_of(view, self.name))
