"""The nearest others of some records only: distances of the rest are never taken."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.device import compiles
from alrl.loop.geometry import distance_between, nearest
from alrl.metadata.pick import pick

_BLOCK = 4_000_000
"""Distances that are held at once."""


def nearest_others(space: Tensor, index: Tensor, held: Tensor, real: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` records of ``held`` (B, L) nearest to each of ``index`` (B, K), itself left out, nearest first.

    Told by their places in ``held``, of which ``real`` (B, L) marks those that are no padding: (B, K, min(count, L)),
    and which of them there are, of the same shape. ``space`` (B, N, D) is where the records lie. Of records at equal
    distance the first held comes first.

    >>> line, everyone = torch.tensor([[[0.0], [1.0], [3.0], [3.5]]]), torch.arange(4)[None]
    >>> nearest_others(line, torch.tensor([[2, 0]]), everyone, everyone >= 0, 2)[0]
    tensor([[[3, 1],
             [1, 2]]])
    """
    if not compiles(space):
        return _measured(space, index, held, real, count)
    from alrl.loop.compiled_geometry import nearest_held

    shape = (*index.shape, min(count + 1, held.shape[1]))
    place, found = torch.empty(shape, dtype=torch.long), torch.empty(shape, dtype=torch.bool)
    given = (space, index, held, real, place, found)
    nearest_held(*(part.contiguous().numpy() for part in given))
    itself = pick(held, place) == index[..., None]
    # To the end with it: one more was asked for, in case it is among them.
    order = itself.to(torch.uint8).argsort(dim=-1, stable=True)[..., :count]
    return place.gather(-1, order), (found & ~itself).gather(-1, order)


def _measured(space: Tensor, index: Tensor, held: Tensor, real: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The same by torch alone, some of ``index`` at a time."""
    points, size = pick(space, held), max(1, _BLOCK // max(1, held.numel()))
    place, found = [], []
    for part in index.split(size, 1):
        apart = distance_between(pick(space, part), points)
        apart = apart.masked_fill((part[..., None] == held[:, None]) | ~real[:, None], torch.inf)
        distance, near = nearest(apart, min(count, held.shape[1]))
        place.append(near)
        found.append(distance.isfinite())
    return torch.cat(place, 1), torch.cat(found, 1)
