"""Measure where a record lies among the others, in ranks and local ratios that no scale or dimension changes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import columns, pick, rank
from alrl.numerics.backend import arrays, compiles

_SMALL = 1e-3
"""Distances are told from zero by this share of the pool's extent."""
_LEAST = np.array([_SMALL])


class GeometryGroup(FeatureGroup):
    """Density, distance to what is known, and what the ten nearest neighbours say."""

    name = "geometry"
    scope = "record"
    features = (
        Feature(name="sparsity-rank", low=0, high=1, meaning="Share of the pool that lies closer to its neighbours."),
        Feature(
            name="isolation-rank", low=0, high=1, meaning="Share of the pool that lies closer to a labelled record."
        ),
        Feature(
            name="isolation-ratio",
            low=-1,
            high=1,
            meaning="Logarithm, base e^3, of the distance to the nearest labelled record over that to the neighbours.",
        ),
        Feature(name="known-neighbours", low=0, high=1, meaning="Share of the neighbours that are labelled."),
        Feature(name="neighbour-margin", low=0, high=1, meaning="Mean margin of the neighbours."),
        Feature(
            name="margin-contrast", low=-1, high=1, meaning="Mean margin of the neighbours minus the record's own."
        ),
        Feature(
            name="neighbour-agreement", low=0, high=1, meaning="Share of neighbours predicted to be of the same class."
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        sparsity, isolation = view.geometry.sparsity_at(index), view.distance_to_known
        _, neighbours = view.geometry.neighbours_at(index)
        if compiles(index):
            return self._compiled(view, index, sparsity, neighbours)
        near = pick(neighbours, index)
        real = view.geometry.neighbour_mask[:, None].to(view.margin.dtype)

        def mean(values: Tensor) -> Tensor:
            return (values * real).sum(-1) / real.sum(-1).clamp_min(1)

        neighbour_margin = mean(pick(view.margin, near))
        own_isolation, own_sparsity, own_margin = columns(index, isolation, sparsity, view.margin).unbind(-1)
        rest = [
            distance_ratio(own_isolation, own_sparsity, view.geometry.extent),
            mean(pick(view.known, near)),
            neighbour_margin,
            neighbour_margin - own_margin,
            mean(pick(view.predicted, near) == pick(view.predicted, index)[..., None]),
        ]
        return torch.cat([self._ranks(view, index, sparsity), torch.stack(rest, -1)], -1)

    def _compiled(self, view: PoolView, index: Tensor, sparsity: Tensor, neighbours: Tensor) -> Tensor:
        from alrl.metadata.kernels.compiled_groups import geometry

        place, rest = view.geometry, sparsity.new_empty(*index.shape, 5)
        pool = (view.margin, view.predicted, view.known, view.distance_to_known, sparsity)
        real, extent = arrays(place.neighbour_mask, place.extent)
        geometry(*arrays(index, neighbours), real, arrays(*pool), extent, _LEAST, rest.numpy())
        return torch.cat([self._ranks(view, index, sparsity), rest], -1)

    def _ranks(self, view: PoolView, index: Tensor, sparsity: Tensor) -> Tensor:
        sampled, isolation = view.geometry.sampled, view.distance_to_known
        if sampled is view.exists:
            return rank(index, view.available, sparsity, isolation)
        counted = view.available & sampled
        return torch.cat([rank(index, counted, sparsity), rank(index, view.available, isolation)], -1)


def distance_ratio(distance: Tensor, other: Tensor, extent: Tensor) -> Tensor:
    """Return logarithm, base e^3, of one distance (B, K) over the ``other``, -1 to 1.

    Distances are told from zero by a thousandth of the pool's extent (B,).
    """
    least = _SMALL * torch.where(extent > 0, extent, 1.0)[:, None]
    return ((distance + least) / (other + least)).log().clamp(-3, 3) / 3
