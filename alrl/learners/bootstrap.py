"""Bootstrap samples of labelled records that grow with them."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from alrl.loop.streams import stream_key, uniform

_MOST = 12
"""Copies of one record that are not exceeded: more are drawn once in ten thousand million times."""


def bootstrap_counts(y: Tensor, weight: Tensor, members: int, seed: int) -> Tensor:
    """How often each labelled record is in each member's sample, (B, members, n), float32.

    The counts are Poisson numbers of mean 1, the bootstrap of records that come one by one (Oza and Russell 2001), from
    the stream ``learner bootstrap`` of ``seed``. A count depends on the member and on the record's place in the order
    of labelling alone: no later label changes it, and all episodes have the same. The first record of each class, which
    keeps that class in every member, counts at least 1. Padding, where ``weight`` (B, n) is zero, counts 0; ``y`` is
    (B, n), long.

    >>> y, all_real = torch.tensor([[0, 0, 0, 0, 1]]), torch.ones(1, 5)
    >>> bootstrap_counts(y, all_real, 2, seed=0)
    tensor([[[1., 1., 1., 0., 1.],
             [1., 1., 1., 4., 1.]]])
    """
    counter = torch.arange(members, device=y.device)
    key = torch.full_like(counter, stream_key([seed], "learner bootstrap"))
    drawn = _poisson(uniform(key, counter, y.shape[1]))
    real = weight > 0
    place = (real.cumsum(1) - 1).clamp_min(0)
    counts = drawn[:, place].transpose(0, 1)
    own = one_hot(y) * real[..., None]
    first = ((own.cumsum(1) == 1) & (own > 0)).any(2)
    return torch.maximum(counts, first[:, None].float()) * real[:, None]


def _poisson(chance: Tensor) -> Tensor:
    """Poisson numbers of mean 1 by inversion of uniform ones."""
    below = torch.tensor([math.exp(-1) / math.factorial(count) for count in range(_MOST)], dtype=torch.float64)
    return torch.searchsorted(below.cumsum(0).to(chance.device), chance.double(), right=True).float()
