"""Expected model change: query where the labels that a committee's members would give pull the learner farthest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies import gradient
from alrl.strategies.asked import embedding_of, members_of
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class ExpectedModelChange(Strategy):
    """Scores a record by the length of its loss's gradient at the last layer, averaged over the members' answers.

    Cai, Zhang and Zhou 2013, "Maximizing expected model change for active learning in regression", after Settles 2009,
    section 3.3. As there, the unknown label is what each member of a bootstrap committee says, so that for class
    probabilities p of the committee and q of a member the length is |p - q| |h|, h being the embedding. Expected
    gradient length asks the learner itself, for whole labels: it is large wherever the learner is unsure, noise
    included; this one is zero where the members agree, however unsure they all are.

    >>> from alrl.strategies.example_view import example_view
    >>> ExpectedModelChange().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.3671, 0.4790, 0.4908]])
    """

    name: ClassVar[str] = "expected-model-change"
    paper: ClassVar[str] = "Cai, Zhang and Zhou 2013"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N (M k + E)"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding", "members"})

    def score(self, view: PoolView) -> Tensor:
        members, embedding = members_of(view, self.name), embedding_of(view, self.name)
        total = torch.zeros_like(view.noise, dtype=torch.float64)
        mean = members.double().mean(1)
        for said in members.unbind(1):
            total += gradient.squares(mean - said).sqrt()
        length = gradient.squares(embedding.double()).sqrt()
        return (total / members.shape[1] * length).to(torch.float32)
