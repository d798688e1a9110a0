"""Confident learning: which labels held-out probabilities contradict; pure functions of B episodes.

Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels". Shapes: n labelled
records of which ``real`` (B, n) are no padding, k classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

_NEVER = 2.0
"""Threshold of a class without labels: above every probability."""


def thresholds(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """Mean probability of each class over the records labelled as it, (B, k), for probabilities (B, n, k).

    A class of which no record is labelled has a threshold above 1: none is confidently of it.

    >>> p = torch.tensor([0.9, 0.8, 0.7, 0.1, 0.2, 0.3, 0.1, 0.95])
    >>> y = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1]])
    >>> thresholds(torch.stack([p, 1 - p], -1)[None], y, y >= 0)
    tensor([[0.6250, 0.6125]])
    """
    weight = _one_hot(labels, real, probabilities)
    count = weight.sum(1)
    mean = (probabilities * weight).sum(1) / count.clamp_min(1)
    return mean.masked_fill(count == 0, _NEVER)


def confident_class(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """The class that each record is confidently of, (B, n), long; -1 for none.

    Of the classes whose probability reaches their threshold the likeliest counts; the label itself wins a tie.
    """
    # Records at the threshold reach it, however its mean was rounded.
    reached = probabilities >= thresholds(probabilities, labels, real)[:, None] - 1e-6
    own = torch.nn.functional.one_hot(labels, probabilities.shape[2]).to(probabilities.dtype)
    best, which = torch.where(reached, probabilities + 1e-6 * own, -1.0).max(-1)
    return torch.where((best >= 0) & real, which, -1)


def confident_joint(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """How many records labelled i are confidently of class j, (B, k, k), long; uncalibrated.

    >>> p = torch.tensor([0.9, 0.8, 0.85, 0.1, 0.2, 0.15, 0.1, 0.9])
    >>> y = torch.tensor([[0, 0, 0, 1, 1, 1, 0, 1]])
    >>> confident_joint(torch.stack([p, 1 - p], -1)[None], y, y >= 0).tolist()
    [[[3, 1], [1, 3]]]
    """
    k, found = probabilities.shape[2], confident_class(probabilities, labels, real)
    pair = labels * k + found.clamp_min(0)
    count = torch.zeros(len(labels), k * k, dtype=torch.long, device=labels.device)
    return count.scatter_add(1, pair, (found >= 0).to(torch.long)).view(-1, k, k)


def suspected(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """Which labels are suspected to be wrong: the record is confidently of another class, (B, n), bool.

    >>> p = torch.tensor([0.9, 0.8, 0.85, 0.1, 0.2, 0.15, 0.1, 0.9])
    >>> y = torch.tensor([[0, 0, 0, 1, 1, 1, 0, 1]])
    >>> suspected(torch.stack([p, 1 - p], -1)[None], y, y >= 0)[0].nonzero()[:, 0]
    tensor([6, 7])
    """
    found = confident_class(probabilities, labels, real)
    return (found >= 0) & (found != labels)


def _one_hot(labels: Tensor, real: Tensor, like: Tensor) -> Tensor:
    hot = torch.nn.functional.one_hot(labels, like.shape[2])
    return (hot * real[..., None]).to(like.dtype)
