"""The labelled records nearest to a candidate: what is known of them says something of it."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.geometry.distances import distance_between, nearest
from alrl.loop.pool_view import PoolView
from alrl.metadata.pick import pick
from alrl.numerics.backend import compiles


def nearest_labelled(view: PoolView, index: Tensor) -> tuple[Tensor, Tensor]:
    """Return the three nearest labelled records to those at ``index`` (B, K), and which of them are real.

    (B, K, 3) each.

    They are told by their place in ``view.labelled_index``. Of records at equal distance the one labelled first is
    nearer.

    >>> from alrl.testing.example_view import example_view
    >>> place, real = nearest_labelled(example_view(records=(9,), labelled=(2,)), torch.tensor([[4]]))
    >>> sorted(place[0, 0].tolist()), real[0, 0].tolist()
    ([0, 1], [True, True])
    """
    return view.geometry.nearest_labelled.of(index, view.labelled_index, view.labelled_mask)


def mean_of_nearest(values: Tensor, place: Tensor, real: Tensor) -> Tensor:
    """Return mean of ``values`` (B, L) of the labelled records over the ``real`` ones at ``place`` (B, K, 3): (B, K).

    Zero where there is none.

    >>> place, real = torch.tensor([[[1, 0, 2]]]), torch.tensor([[[True, True, False]]])
    >>> mean_of_nearest(torch.tensor([[0.25, 0.75, 9.0]]), place, real)
    tensor([[0.5000]])
    """
    weight = real.to(values.dtype)
    return (pick(values, place) * weight).sum(-1) / weight.sum(-1).clamp_min(1)


_BLOCK = 4_000_000
"""Distances that are held at once."""


def nearest_others(space: Tensor, index: Tensor, listed: Tensor, real: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the ``count`` records of ``listed`` (B, L) nearest to each of ``index`` (B, K), but itself, nearest first.

    Told by their places in ``listed``, of which ``real`` (B, L) marks those that are no padding: (B, K, min(count, L)),
    and which of them there are, of the same shape. ``space`` (B, N, D) is where the records lie. Of records at equal
    distance the first held comes first.

    >>> line, everyone = torch.tensor([[[0.0], [1.0], [3.0], [3.5]]]), torch.arange(4)[None]
    >>> nearest_others(line, torch.tensor([[2, 0]]), everyone, everyone >= 0, 2)[0]
    tensor([[[3, 1],
             [1, 2]]])
    """
    if not compiles(space):
        return _measured(space, index, listed, real, count)
    from alrl.geometry.compiled_geometry import nearest_listed

    shape = (*index.shape, min(count + 1, listed.shape[1]))
    place, present = torch.empty(shape, dtype=torch.long), torch.empty(shape, dtype=torch.bool)
    given = (space, index, listed, real, place, present)
    nearest_listed(*(part.contiguous().numpy() for part in given))
    itself = pick(listed, place) == index[..., None]
    # To the end with it: one more was asked for, in case it is among them.
    order = itself.to(torch.uint8).argsort(dim=-1, stable=True)[..., :count]
    return place.gather(-1, order), (present & ~itself).gather(-1, order)


def _measured(space: Tensor, index: Tensor, listed: Tensor, real: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the same by torch alone, some of ``index`` at a time."""
    points, size = pick(space, listed), max(1, _BLOCK // max(1, listed.numel()))
    place, present = [], []
    for part in index.split(size, 1):
        apart = distance_between(pick(space, part), points)
        apart = apart.masked_fill((part[..., None] == listed[:, None]) | ~real[:, None], torch.inf)
        distance, near = nearest(apart, min(count, listed.shape[1]))
        place.append(near)
        present.append(distance.isfinite())
    return torch.cat(place, 1), torch.cat(present, 1)
