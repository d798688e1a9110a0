"""Where a record lies among the others, in ranks and local ratios that no scale or dimension changes."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup, pick, rank

_SMALL = 1e-3


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
            meaning="Logarithm, base e^3, of distance to the nearest labelled record over distance to neighbours.",
        ),
        Feature(name="known-neighbours", low=0, high=1, meaning="Share of the neighbours that are labelled."),
        Feature(name="neighbour-margin", low=0, high=1, meaning="Mean margin of the neighbours."),
        Feature(name="margin-contrast", low=-1, high=1, meaning="Mean margin of the neighbours minus the record's own."),
        Feature(
            name="neighbour-agreement", low=0, high=1, meaning="Share of neighbours predicted to be of the same class."
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        distances, neighbours = view.geometry.neighbours
        sparsity = distances.mean(-1)
        near = neighbours.gather(1, index[..., None].expand(-1, -1, neighbours.shape[-1]))
        flat = near.flatten(1)

        def around(values: Tensor) -> Tensor:
            return values.gather(1, flat).view(near.shape)

        margin = view.margin
        isolation = view.distance_to_known.clamp_max(1e9)
        ratio = ((pick(isolation, index) + _SMALL) / (pick(sparsity, index) + _SMALL)).log().clamp(-3, 3) / 3
        neighbour_margin = around(margin).mean(-1)
        same = around(view.predicted) == pick(view.predicted, index)[..., None]
        columns = [
            rank(sparsity, index, view.available),
            rank(isolation, index, view.available),
            ratio,
            around(view.known.to(margin.dtype)).mean(-1),
            neighbour_margin,
            neighbour_margin - pick(margin, index),
            same.to(margin.dtype).mean(-1),
        ]
        return torch.stack(columns, -1)
