"""How much the members of a committee disagree: functions of probabilities (B, M, N, k) by M members, to (B, N).

Natural logarithms. A class that is padding has probability zero and adds nothing: 0 · log 0 = 0. Sums run over members
and classes one by one, so that equal records have equal scores wherever in the pool they are.
"""

from __future__ import annotations

import torch
from torch import Tensor


def votes(members: Tensor) -> Tensor:
    """Votes that each class gets, (B, N, k), each member for its likeliest class.

    A member to which several classes are the likeliest shares its vote among them, so that no order of classes counts.

    >>> votes(torch.tensor([[[[0.9, 0.1]], [[0.2, 0.8]], [[0.5, 0.5]]]]))
    tensor([[[1.5000, 1.5000]]])
    """
    total = torch.zeros_like(members[:, 0])
    for member in members.unbind(1):
        likeliest = (member == member.amax(-1, keepdim=True)).to(total.dtype)
        total = total + likeliest / likeliest.sum(-1, keepdim=True)
    return total


def variation_ratio(members: Tensor) -> Tensor:
    """Share of the members that do not vote as most do, (B, N).

    Freeman 1965, "Elementary applied statistics".

    >>> variation_ratio(torch.tensor([[[[0.9, 0.1]], [[0.8, 0.2]], [[0.3, 0.7]], [[0.6, 0.4]]]]))
    tensor([[0.2500]])
    """
    return 1 - votes(members).amax(-1) / members.shape[1]


def vote_entropy(members: Tensor) -> Tensor:
    """Entropy of the members' votes, (B, N), in nats.

    Engelson and Dagan 1996.

    >>> vote_entropy(torch.tensor([[[[0.9, 0.1]], [[0.8, 0.2]], [[0.3, 0.7]], [[0.6, 0.4]]]]))
    tensor([[0.5623]])
    """
    # Sorted: the same votes for other classes are to give the same number.
    share = votes(members).sort(dim=-1, descending=True).values / members.shape[1]
    return _entropy(share)


def consensus_entropy(members: Tensor) -> Tensor:
    """Entropy of the mean of the members' probabilities, (B, N), in nats.

    >>> consensus_entropy(torch.tensor([[[[0.3, 0.7]], [[0.4, 0.6]]]]))
    tensor([[0.6474]])
    """
    return _entropy(consensus(members))


def consensus(members: Tensor) -> Tensor:
    """Mean of the members' probabilities, (B, N, k)."""
    total = torch.zeros_like(members[:, 0])
    for member in members.unbind(1):
        total = total + member
    return total / members.shape[1]


def mean_entropy(members: Tensor) -> Tensor:
    """Mean of the members' entropies, (B, N), in nats."""
    total = torch.zeros_like(members[:, 0, :, 0])
    for member in members.unbind(1):
        total = total + _entropy(member)
    return total / members.shape[1]


def mean_divergence(members: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of the members from their mean, (B, N), in nats.

    McCallum and Nigam 1998. It is the mutual information of the label and the member, which is BALD (Houlsby et al.
    2011): entropy of the mean minus mean of the entropies.

    >>> mean_divergence(torch.tensor([[[[0.9, 0.1]], [[0.1, 0.9]]]]))
    tensor([[0.3681]])
    """
    # The difference of two entropies that are nearly equal: in doubles, or most of its digits are gone.
    exact = members.double()
    return (consensus_entropy(exact) - mean_entropy(exact)).clamp_min(0).to(members.dtype)


def _entropy(probabilities: Tensor) -> Tensor:
    """Of (B, N, k), with one look at each class."""
    total = torch.zeros_like(probabilities[..., 0])
    for each in probabilities.transpose(1, 2).contiguous().unbind(1):
        total = total + torch.special.entr(each)
    return total
