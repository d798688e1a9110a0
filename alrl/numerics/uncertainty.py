"""Uncertainty of class probabilities: pure functions of tensors whose last axis is the classes.

Natural logarithms. A class that is padding has probability zero and adds nothing: 0 · log 0 = 0.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gini(probabilities: Tensor) -> Tensor:
    """Return Gini impurity, one minus the sum of squared probabilities, of shape (...) for probabilities (..., k).

    Breiman et al. 1984.

    >>> gini(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([0.6200, 0.4600, 0.0000])
    """
    left = torch.ones_like(probabilities[..., 0])
    # One by one: a sum over the axis rounds equal records differently, by where in the pool they are.
    for probability in probabilities.unbind(-1):
        left = left - probability.square()
    return left.clamp(0, 1)


__all__ = ["entropy", "gini", "least_confidence", "margin"]


def least_confidence(probabilities: Tensor) -> Tensor:
    """Return one minus the probability of the likeliest class, of shape (...) for probabilities (..., k).

    Lewis and Gale 1994; Culotta and McCallum 2005.

    >>> least_confidence(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([0.5000, 0.3000, 0.0000])
    """
    return 1 - probabilities.amax(-1)


def margin(probabilities: Tensor) -> Tensor:
    """Return gap between the two likeliest classes, of shape (...) for probabilities (..., k); *small* where unsure.

    Scheffer et al. 2001. With one class alone there is no second one, and the gap is the probability itself.

    >>> margin(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([0.2000, 0.5000, 1.0000])
    """
    likeliest = probabilities.topk(min(2, probabilities.shape[-1]), -1).values
    return likeliest[..., 0] - likeliest[..., 1:].sum(-1)


def entropy(probabilities: Tensor) -> Tensor:
    """Return Shannon entropy in nats, of shape (...) for probabilities (..., k).

    Shannon 1948; as a querying strategy Settles and Craven 2008.

    >>> entropy(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([1.0297, 0.8018, 0.0000])
    """
    each: Tensor = torch.special.entr(probabilities)
    return each.sum(-1)


def votes(members: Tensor) -> Tensor:
    """Return votes that each class gets, (B, N, k), each member for its likeliest class.

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
    """Return the share of the members that do not vote as most do, (B, N).

    Freeman 1965, "Elementary applied statistics".

    >>> variation_ratio(torch.tensor([[[[0.9, 0.1]], [[0.8, 0.2]], [[0.3, 0.7]], [[0.6, 0.4]]]]))
    tensor([[0.2500]])
    """
    return 1 - votes(members).amax(-1) / members.shape[1]


def vote_entropy(members: Tensor) -> Tensor:
    """Return the entropy of the members' votes, (B, N), in nats.

    Engelson and Dagan 1996.

    >>> vote_entropy(torch.tensor([[[[0.9, 0.1]], [[0.8, 0.2]], [[0.3, 0.7]], [[0.6, 0.4]]]]))
    tensor([[0.5623]])
    """
    # Sorted: the same votes for other classes are to give the same number.
    share = votes(members).sort(dim=-1, descending=True).values / members.shape[1]
    return _entropy(share)


def consensus_entropy(members: Tensor) -> Tensor:
    """Return the entropy of the mean of the members' probabilities, (B, N), in nats.

    >>> consensus_entropy(torch.tensor([[[[0.3, 0.7]], [[0.4, 0.6]]]]))
    tensor([[0.6474]])
    """
    return _entropy(consensus(members))


def consensus(members: Tensor) -> Tensor:
    """Return the mean of the members' probabilities, (B, N, k)."""
    total = torch.zeros_like(members[:, 0])
    for member in members.unbind(1):
        total = total + member
    return total / members.shape[1]


def mean_entropy(members: Tensor) -> Tensor:
    """Return the mean of the members' entropies, (B, N), in nats."""
    total = torch.zeros_like(members[:, 0, :, 0])
    for member in members.unbind(1):
        total = total + _entropy(member)
    return total / members.shape[1]


def mean_divergence(members: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence of the members from their mean, (B, N), in nats.

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
    for probability in probabilities.transpose(1, 2).contiguous().unbind(1):
        total = total + torch.special.entr(probability)
    return total
