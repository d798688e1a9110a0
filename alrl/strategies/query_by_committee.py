"""Query by committee: query where the members of a committee disagree most."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, members_of
from alrl.numerics import uncertainty
from alrl.strategies.base import Strategy


class CommitteeRule(Strategy):
    """Scores records by how much the members of a committee disagree on them.

    Raises InvalidQueryError where the learner is no committee.
    """

    cost: ClassVar[str] = "N M k"
    needs: ClassVar[frozenset[Need]] = frozenset({"members"})

    def score(self, view: PoolView) -> Tensor:
        return self.disagreement(members_of(view, self.name))

    @abstractmethod
    def disagreement(self, members: Tensor) -> Tensor:
        """Return the score (B, N) of records that the members give the probabilities (B, M, N, k)."""


@dataclass(frozen=True, kw_only=True)
class VoteEntropy(CommitteeRule):
    """Scores a record by the entropy of a committee's votes in nats, from 0 to log k.

    Engelson and Dagan 1996, "Minimizing manual annotation cost in supervised training from corpora"; Seung, Opper and
    Sompolinsky 1992 for query by committee.

    >>> from alrl.testing.example_view import example_view
    >>> VoteEntropy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[1.0397, 1.0397, 1.0397]])
    """

    name: ClassVar[str] = "vote-entropy"
    paper: ClassVar[str] = "Engelson and Dagan 1996"

    def disagreement(self, members: Tensor) -> Tensor:
        return uncertainty.vote_entropy(members)


@dataclass(frozen=True, kw_only=True)
class BALD(CommitteeRule):
    """Scores a record by the mutual information of its label and the committee's member, in nats, from 0 to log k.

    Houlsby, Huszar, Ghahramani and Lengyel 2011, "Bayesian active learning for classification and preference
    learning". The members stand for draws from a posterior. The number is that of mean-kl; a batch takes the
    records of highest score, however alike (batch-bald does not).

    >>> from alrl.testing.example_view import example_view
    >>> BALD().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1624, 0.2204, 0.2375]])
    """

    name: ClassVar[str] = "bald"
    paper: ClassVar[str] = "Houlsby et al. 2011"

    def disagreement(self, members: Tensor) -> Tensor:
        return uncertainty.mean_divergence(members)


@dataclass(frozen=True, kw_only=True)
class ConsensusEntropy(CommitteeRule):
    """Scores a record by the entropy of the mean of a committee's probabilities in nats, from 0 to log k.

    Settles 2009, "Active learning literature survey", section 3.2, of the consensus probability; also known
    as soft vote entropy.

    >>> from alrl.testing.example_view import example_view
    >>> ConsensusEntropy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[1.0322, 1.0596, 1.0406]])
    """

    name: ClassVar[str] = "consensus-entropy"
    paper: ClassVar[str] = "Settles 2009"

    def disagreement(self, members: Tensor) -> Tensor:
        return uncertainty.consensus_entropy(members)


@dataclass(frozen=True, kw_only=True)
class MeanKL(CommitteeRule):
    """Scores a record by the mean Kullback-Leibler divergence of a committee's members from their mean, in nats.

    McCallum and Nigam 1998, "Employing EM and pool-based active learning for text classification".

    >>> from alrl.testing.example_view import example_view
    >>> MeanKL().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1624, 0.2204, 0.2375]])
    """

    name: ClassVar[str] = "mean-kl"
    paper: ClassVar[str] = "McCallum and Nigam 1998"

    def disagreement(self, members: Tensor) -> Tensor:
        return uncertainty.mean_divergence(members)


@dataclass(frozen=True, kw_only=True)
class VariationRatios(CommitteeRule):
    """Scores a record by the share of a committee's members that do not vote as most do, from 0 to 1 - 1/k.

    Freeman 1965, "Elementary applied statistics"; as a querying strategy Gal, Islam and Ghahramani 2017, "Deep Bayesian
    active learning with image data". It counts votes: one minus the largest mean probability is least confidence.

    >>> from alrl.testing.example_view import example_view
    >>> VariationRatios().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5000, 0.5000, 0.5000]])
    """

    name: ClassVar[str] = "variation-ratios"
    paper: ClassVar[str] = "Freeman 1965; Gal, Islam and Ghahramani 2017"

    def disagreement(self, members: Tensor) -> Tensor:
        return uncertainty.variation_ratio(members)
