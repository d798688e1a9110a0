"""Measure distances between records, and find the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    pass


NEIGHBOURS = 10


_LANES = 16


def distance_between(X: Tensor, points: Tensor) -> Tensor:
    """Return Euclidean distances (B, N, m) between X (B, N, D) and points (B, m, D).

    Never by the expansion |x|² - 2xy + |y|²: it puts duplicates up to 0.01 apart, and its rounding depends on how many
    episodes share the call, so that an episode would not play alone as it does among others.
    """
    # Sums are taken over whole vector registers: only then do zero columns, which are padding, change no bit of them.
    short = -X.shape[-1] % _LANES
    if short:
        X, points = (torch.nn.functional.pad(each, (0, short)) for each in (X, points))
    return torch.cdist(X, points, compute_mode="donot_use_mm_for_euclid_dist")


def nearest(distance: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the ``count`` smallest of the distances (..., N), float32, and their positions.

    (..., count) each, ascending.

    Equal distances come in the order of their positions, whatever padding follows.

    >>> nearest(torch.tensor([3.0, 1.0, 2.0, 1.0, 1.0]), 2)
    (tensor([1., 1.]), tensor([1, 3]))
    """
    position = torch.arange(distance.shape[-1], device=distance.device)
    # Floats that are not negative are in the order of their bits.
    key = (distance.contiguous().view(torch.int32).to(torch.int64) << 32) | position
    index = key.topk(count, largest=False).values & 0xFFFFFFFF
    return distance.gather(-1, index), index
