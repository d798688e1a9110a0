"""Measure where a record lies among the others, in ranks and local ratios that no scale or dimension changes."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import columns, pick, rank

_SMALL = 1e-3
"""Distances are told from zero by this share of the pool's extent."""


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
        counted = view.available & view.geometry.sampled
        ranks = [rank(index, counted, sparsity), rank(index, view.available, isolation)]
        return torch.cat([*ranks, torch.stack(rest, -1)], -1)


def distance_ratio(distance: Tensor, other: Tensor, extent: Tensor) -> Tensor:
    """Return logarithm, base e^3, of one distance (B, K) over the ``other``, -1 to 1.

    Distances are told from zero by a thousandth of the pool's extent (B,).
    """
    least = _SMALL * torch.where(extent > 0, extent, 1.0)[:, None]
    return ((distance + least) / (other + least)).log().clamp(-3, 3) / 3
