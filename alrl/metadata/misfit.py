"""Whether the learner can express what the labels say: the labels nearby against the learner's own word."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.device import compiles
from alrl.loop.geometry import distance_between, nearest
from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import pick

NEAREST = 3


def nearest_labels(view: PoolView, index: Tensor) -> tuple[Tensor, Tensor]:
    """Labels of the three nearest labelled records and which of them are real, (B, K, 3) each, for ``index`` (B, K).

    Of records at equal distance the one labelled first is nearer.
    """
    if compiles(view.features):
        from alrl.loop.compiled_geometry import nearest_held

        shape = (*index.shape, min(NEAREST, view.labelled_index.shape[1]))
        place, found = torch.empty(shape, dtype=torch.long), torch.empty(shape, dtype=torch.bool)
        given = (view.features, index.contiguous(), view.labelled_index, view.labelled_mask, place, found)
        nearest_held(*(part.numpy() for part in given))
        return pick(view.labels, place), found
    points, held = pick(view.features, index), pick(view.features, view.labelled_index)
    distance = distance_between(points, held).masked_fill(~view.labelled_mask[:, None, :], torch.inf)
    closest, place = nearest(distance, min(NEAREST, distance.shape[-1]))
    return pick(view.labels, place), closest.isfinite()


class Misfit(FeatureGroup):
    """Agreement of the nearest labels with the learner and among themselves."""

    name = "misfit"
    scope = "record"
    features = (
        Feature(
            name="label-agreement",
            low=0,
            high=1,
            meaning="Share of the three nearest labelled records whose label is the predicted class.",
        ),
        Feature(
            name="label-probability",
            low=0,
            high=1,
            meaning="Mean probability that the learner gives to the labels of the three nearest labelled records.",
        ),
        Feature(
            name="label-unity",
            low=0,
            high=1,
            meaning="1 if the three nearest labelled records have one label, less the more they differ.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        labels, real = nearest_labels(view, index)
        weight = real.to(view.probabilities.dtype)
        count = weight.sum(-1).clamp_min(1)
        probabilities = pick(view.probabilities, index)
        votes = torch.zeros_like(probabilities).scatter_add(2, labels, weight)
        columns = [
            ((labels == pick(view.predicted, index)[..., None]) * weight).sum(-1) / count,
            (probabilities.gather(2, labels) * weight).sum(-1) / count,
            votes.amax(-1) / count,
        ]
        return torch.stack(columns, -1)
