"""Expected model change: query where the labels that a committee's members would give pull the learner farthest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of, members_of
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class ExpectedModelChange(Strategy):
    """Scores a record by the length of its loss's gradient at the last layer, averaged over the members' answers.

    Cai, Zhang and Zhou 2013, "Maximizing expected model change for active learning in regression", after Settles 2009,
    section 3.3. As there, the unknown label is what each member of a bootstrap committee says, so that for class
    probabilities p of the committee and q of a member the length is |p - q| |h|, h being the embedding. Expected
    gradient length asks the learner itself, for whole labels: it is large wherever the learner is unsure, noise
    included; this one is zero where the members agree, however unsure they all are.

    >>> from alrl.testing.example_view import example_view
    >>> ExpectedModelChange().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.3671, 0.4790, 0.4908]])
    """

    name: ClassVar[str] = "expected-model-change"
    paper: ClassVar[str] = "Cai, Zhang and Zhou 2013"
    cost: ClassVar[str] = "N (M k + E)"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding", "members"})

    def score(self, view: PoolView) -> Tensor:
        members, embedding = members_of(view, self.name), embedding_of(view, self.name)
        total = torch.zeros_like(view.noise, dtype=torch.float64)
        mean = members.double().mean(1)
        for member in members.unbind(1):
            total += squares(mean - member).sqrt()
        length = squares(embedding.double()).sqrt()
        return (total / members.shape[1] * length).to(torch.float32)


def squared_length(probabilities: Tensor, embedding: Tensor) -> Tensor:
    """Return the squared length of the gradient for the predicted class, (B, N), double, of (B, N, k) and (B, N, E).

    (1 - 2 max p + sum p²) |h|², Ash et al. 2020.

    >>> squared_length(torch.tensor([[[0.2, 0.5, 0.3]]]), torch.tensor([[[1.0, 2.0]]])).round(decimals=4)
    tensor([[1.9000]], dtype=torch.float64)
    """
    return squares(push(probabilities).double()) * squares(embedding.double())


def push(probabilities: Tensor) -> Tensor:
    """Return gradient by the logits, p - e_y for the predicted class y, (B, N, k); of equally likely classes the first.

    >>> push(torch.tensor([[0.2, 0.5, 0.3]]))
    tensor([[ 0.2000, -0.5000,  0.3000]])
    """
    likeliest = probabilities.argmax(-1, keepdim=True)
    return probabilities.scatter_add(-1, likeliest, -torch.ones_like(probabilities[..., :1]))


def expected_length(probabilities: Tensor, embedding: Tensor) -> Tensor:
    """Return the mean length of the gradient over the labels that the learner expects, (B, N).

    Sum over y of p_y |p - e_y| |h|.

    >>> expected_length(torch.tensor([[[0.2, 0.5, 0.3]]]), torch.tensor([[[1.0, 2.0]]]))
    tensor([[1.7244]])
    """
    p = probabilities.double()
    spread = squares(p)
    total = torch.zeros_like(spread)
    for probability in p.transpose(1, 2).contiguous().unbind(1):
        # |p - e_y|² = sum of squares - 2 p_y + 1
        total = total + probability * (spread - 2 * probability + 1).clamp_min(0).sqrt()
    return (total * squares(embedding.double()).sqrt()).to(probabilities.dtype)


def squares(X: Tensor) -> Tensor:
    """Return the sum of squares over the last axis of (B, N, n), column by column."""
    total = torch.zeros_like(X[..., 0])
    for column in X.transpose(1, 2).contiguous().unbind(1):
        total = total + column * column
    return total


@dataclass(frozen=True, kw_only=True)
class ExpectedGradientLength(Strategy):
    """Scores a record by the length of its loss's gradient at the last layer, averaged over the labels expected.

    Settles, Craven and Ray 2008, "Multiple-instance active learning"; at the last layer, where it has a closed form.

    >>> from alrl.testing.example_view import example_view
    >>> ExpectedGradientLength().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5351, 0.4911, 0.8873]])
    """

    name: ClassVar[str] = "expected-gradient-length"
    paper: ClassVar[str] = "Settles, Craven and Ray 2008"
    cost: ClassVar[str] = "N (k + E)"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    def score(self, view: PoolView) -> Tensor:
        return expected_length(view.probabilities, embedding_of(view, self.name))
