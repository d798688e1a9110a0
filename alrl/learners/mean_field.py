"""The mean of a softmax over Gaussian scores, in closed form."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mean_field(mean: Tensor, covariance: Tensor, allowed: Tensor) -> Tensor:
    """Approximate mean of the softmax of scores with this mean (B, N, k) and covariance (B, N, k, k), (B, N, k).

    For two classes MacKay's (1992) probit approximation, the logistic function of m / sqrt(1 + pi v / 8) for a
    difference of mean m and variance v. For more, the odds of each class against each other are taken so, and the
    result normalised (Lu, Ie and Sha 2020). Classes outside ``allowed`` (B, k) get zero.

    >>> scores, certain = torch.tensor([[[0.0, 3.0]]]), torch.zeros(1, 1, 2, 2)
    >>> both = torch.ones(1, 2, dtype=torch.bool)
    >>> mean_field(scores, certain, both), mean_field(scores, certain + 2 * torch.eye(2), both)
    (tensor([[[0.0474, 0.9526]]]), tensor([[[0.1334, 0.8666]]]))
    """
    own = covariance.diagonal(dim1=2, dim2=3)
    variance = (own[..., None] + own[..., None, :] - 2 * covariance).clamp_min(0.0)
    odds = (mean[..., None, :] - mean[..., None]) / (1 + math.pi / 8 * variance).sqrt()
    odds = odds.masked_fill(~allowed[:, None, None], -torch.inf)
    against = -odds.logsumexp(-1)
    return against.masked_fill(~allowed[:, None], -torch.inf).softmax(-1)
