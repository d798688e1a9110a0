"""Measure how the learner's inner picture of a record and of its neighbourhood changed since the round before."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.geometry.distances import NEIGHBOURS
from alrl.geometry.geometry import Geometry
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import earlier_embedding_of, embedding_of
from alrl.metadata.feature import Feature, FeatureGroup, saturated
from alrl.metadata.neighbours import nearest_others
from alrl.metadata.pick import pick, rank

_TIE = 1e-5
"""Duplicates move alike up to rounding, which must not rank them."""


class Activation(FeatureGroup):
    """Shift and turn of a record's embedding since the round before, and what became of its neighbours in it."""

    name = "activation"
    scope = "record"
    needs = frozenset({"embedding", "earlier-embedding"})
    features = (
        Feature(
            name="embedding-shift",
            low=0,
            high=1,
            meaning="Distance s that the embedding moved since the round before, as s / (s + root mean squared distance"
            " between records).",
        ),
        Feature(
            name="embedding-shift-rank", low=0, high=1, meaning="Share of the pool whose embedding moved less far."
        ),
        Feature(
            name="embedding-turn",
            low=0,
            high=1,
            meaning="Angle between the embeddings of now and of the round before, as (1 - cosine) / 2.",
        ),
        Feature(
            name="neighbours-changed",
            low=0,
            high=1,
            meaning="Share of the ten nearest neighbours in the embedding that were not in the round before.",
        ),
        Feature(
            name="neighbours-shift", low=0, high=1, meaning="Mean shift of the ten nearest neighbours in the embedding."
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        now, before = embedding_of(view, str(self)), earlier_embedding_of(view, str(self))
        extents = torch.stack([Geometry(space, view.exists).extent for space in (now, before)])
        shift = embedding_shift(now, before, extents)
        pool = torch.arange(now.shape[1], device=now.device).expand(len(now), -1)
        near, real = nearest_others(now, index, pool, view.exists, NEIGHBOURS)
        # Where nothing moved at all the neighbours are the same: half of the work is saved.
        earlier = near if now.equal(before) else nearest_others(before, index, pool, view.exists, NEIGHBOURS)[0]
        stayed = ((near[..., :, None] == earlier[..., None, :]) & real[..., None, :]).any(-1)
        share = real.sum(-1).clamp_min(1)
        own = [
            embedding_turn(pick(now, index), pick(before, index)),
            (~stayed & real).sum(-1) / share,
            (pick(shift, near) * real).sum(-1) / share,
        ]
        ranked = rank(index, view.available, shift, tie=_TIE)
        return torch.cat([pick(shift, index)[..., None], ranked, torch.stack(own, -1)], -1)


def embedding_shift(now: Tensor, before: Tensor, extents: Tensor) -> Tensor:
    """Return distance s between each record's embeddings (B, N, E), as s / (s + e), (B, N).

    e is the root mean square of ``extents`` (2, B), the root mean squared distances between two records now and before.
    Where e is zero, records lying all in one place, whoever moved has a shift of 1.

    >>> embedding_shift(torch.tensor([[[3.0], [0.0]]]), torch.tensor([[[1.0], [0.0]]]), torch.tensor([[2.0], [2.0]]))
    tensor([[0.5000, 0.0000]])
    """
    # In doubles: columns of padding must not change how the sum is rounded.
    moved = (now - before).double().square().sum(-1).sqrt().to(now.dtype)
    scale = extents.square().mean(0).sqrt()
    return saturated(moved, scale.clamp_min(torch.finfo(scale.dtype).tiny)[:, None])


def embedding_turn(now: Tensor, before: Tensor) -> Tensor:
    """(1 - cosine) / 2 of the angle between embeddings (..., E), 0 to 1; zero where one of them is nil.

    >>> embedding_turn(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 1.0], [-1, 0], [1, 0]]))
    tensor([0.5000, 1.0000, 0.0000])
    """
    a, b = now.double(), before.double()
    length = (a.square().sum(-1) * b.square().sum(-1)).sqrt()
    cosine = (a * b).sum(-1) / torch.where(length > 0, length, 1.0)
    return torch.where(length > 0, (1 - cosine) / 2, 0.0).clamp(0, 1).to(now.dtype)
