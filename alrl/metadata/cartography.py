"""Measure where a record lies on the pool's data map, without labels: ranks of confidence and variability.

Swayamdipta et al. 2020, "Dataset cartography: mapping and diagnosing datasets with training dynamics". The map there is
of the true class, over epochs; here it is of the class predicted now, over loops. The mean and the deviation themselves
are features of the group ``trajectory``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.dynamics import data_map
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import added, columns, pick_each, rank

_TIE = 1e-5
"""Duplicates are equally likely up to rounding, which must not rank them."""


class Cartography(FeatureGroup):
    """Ranks on the pool's data map of the predicted class, its signed drift and how long it has been predicted."""

    name = "cartography"
    scope = "record"
    features = (
        Feature(
            name="map-confidence-rank",
            low=0,
            high=1,
            meaning="Share of the pool with a smaller mean probability, over the last five rounds, of its class.",
        ),
        Feature(
            name="map-variability-rank",
            low=0,
            high=1,
            meaning="Share of the pool with a smaller deviation, in the last five rounds, of its class's probability.",
        ),
        Feature(
            name="map-drift",
            low=-1,
            high=1,
            meaning="Probability of the class predicted now minus what it was in the oldest of the last five rounds.",
        ),
        Feature(
            name="map-constancy",
            low=0,
            high=1,
            meaning="Share of the last five rounds in which the class predicted now was predicted.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        trajectory = view.trajectory
        past, lived = trajectory.probabilities, trajectory.remembered.to(view.probabilities.dtype)[:, :, None]
        now = view.predicted[..., None]
        chosen = torch.stack([probabilities.gather(2, now)[..., 0] for probabilities in past])
        mean, spread = data_map(chosen, lived)
        oldest = trajectory.remembered.to(torch.uint8).argmax(0)[None, :, None].expand(1, *chosen.shape[1:])
        drift = (chosen[-1] - chosen.gather(0, oldest)[0]).clamp(-1, 1)
        predicted = pick_each(past, index).argmax(-1)
        constancy = added((predicted == predicted[-1]) * lived) / lived.sum(0)
        own = torch.stack([columns(index, drift)[..., 0], constancy], -1)
        return torch.cat([rank(index, view.available, mean, spread, tie=_TIE), own], -1)
