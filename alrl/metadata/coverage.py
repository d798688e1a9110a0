"""Measure how much of the pool a record would cover that no known record covers yet: herding, as features."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.posterior import standing_for_pool
from alrl.metadata.feature import Feature, FeatureGroup


class Coverage(FeatureGroup):
    """Gains of kernel coverage (Bae et al. 2024, 2025), weighed by doubt and not, and the density of the pool.

    Of 128 records drawn at random from those that may be queried; the kernel's radius is their mean distance to the
    nearest known record, so that no unit of the features matters. Gains are means over the records by their weights.
    """

    name = "coverage"
    scope = "record"
    features = (
        Feature(name="cover-gain", low=0, high=1, meaning="Coverage of the pool that the record would add."),
        Feature(
            name="doubtful-cover-gain",
            low=0,
            high=1,
            meaning="The same, records covered counting by one minus their margin.",
        ),
        Feature(
            name="impure-cover-gain",
            low=0,
            high=1,
            meaning="The same, records covered counting by the square of their Gini impurity.",
        ),
        Feature(name="density", low=0, high=1, meaning="Mean kernel between the record and the pool, covered or not."),
        Feature(name="doubtful-density", low=0, high=1, meaning="The same, counting by one minus the margin."),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        from alrl.geometry import compiled_coverage

        others, real = standing_for_pool(view)
        doubt, impure = 1 - view.margin.gather(1, others), view.impurity.gather(1, others).square()
        weight = torch.stack([torch.ones_like(doubt), doubt, impure], 1).double() * real[:, None]
        total = weight.sum(-1).clamp_min(1e-12)
        points = torch.where(real > 0, others, -1)
        gain = np.zeros((*index.shape, 5))
        given = (points, weight / total[..., None], view.known)
        compiled_coverage.gains_at(
            view.features.detach().to("cpu", torch.float32).contiguous().numpy(),
            *(each.cpu().contiguous().numpy() for each in (view.feature_count, index)),
            *(each.cpu().contiguous().numpy() for each in given),
            gain,
        )
        return torch.from_numpy(gain).to(index.device, view.margin.dtype).clamp(0, 1)
