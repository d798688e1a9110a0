"""The labelled records nearest to a candidate: what is known of them says something of it."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.device import compiles
from alrl.loop.geometry import distance_between, nearest
from alrl.loop.pool_view import PoolView
from alrl.metadata.pick import pick

NEAREST = 3


def nearest_labelled(view: PoolView, index: Tensor) -> tuple[Tensor, Tensor]:
    """The three nearest labelled records to those at ``index`` (B, K), and which of them are real, (B, K, 3) each.

    They are told by their place in ``view.labelled_index``. Of records at equal distance the one labelled first is
    nearer.

    >>> from alrl.strategies.example_view import example_view
    >>> place, real = nearest_labelled(example_view(records=(9,), labelled=(2,)), torch.tensor([[4]]))
    >>> sorted(place[0, 0].tolist()), real[0, 0].tolist()
    ([0, 1], [True, True])
    """
    if compiles(view.features):
        from alrl.loop.compiled_geometry import nearest_held

        shape = (*index.shape, min(NEAREST, view.labelled_index.shape[1]))
        place, found = torch.empty(shape, dtype=torch.long), torch.empty(shape, dtype=torch.bool)
        given = (view.features, index.contiguous(), view.labelled_index, view.labelled_mask, place, found)
        nearest_held(*(part.numpy() for part in given))
        return place, found
    points, held = pick(view.features, index), pick(view.features, view.labelled_index)
    distance = distance_between(points, held).masked_fill(~view.labelled_mask[:, None, :], torch.inf)
    closest, place = nearest(distance, min(NEAREST, distance.shape[-1]))
    return place, closest.isfinite()


def mean_of_nearest(values: Tensor, place: Tensor, real: Tensor) -> Tensor:
    """Mean of ``values`` (B, L) of the labelled records over the ``real`` ones at ``place`` (B, K, 3): (B, K).

    Zero where there is none.

    >>> place, real = torch.tensor([[[1, 0, 2]]]), torch.tensor([[[True, True, False]]])
    >>> mean_of_nearest(torch.tensor([[0.25, 0.75, 9.0]]), place, real)
    tensor([[0.5000]])
    """
    weight = real.to(values.dtype)
    return (pick(values, place) * weight).sum(-1) / weight.sum(-1).clamp_min(1)
