"""Whether the learner can express what the labels say: the labels nearby against the learner's own word."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup

NEAREST = 3


def nearest_labels(view: PoolView, index: Tensor) -> tuple[Tensor, Tensor]:
    """Labels of the three nearest labelled records and which of them are real, (B, K, 3) each, for ``index`` (B, K)."""
    width = view.features.shape[-1]
    points = view.features.gather(1, index[..., None].expand(-1, -1, width))
    held = view.features.gather(1, view.labelled_index[..., None].expand(-1, -1, width))
    distance = torch.cdist(points, held).masked_fill(~view.labelled_mask[:, None, :], torch.inf)
    nearest = distance.topk(min(NEAREST, distance.shape[-1]), largest=False)
    labels = view.labels[:, None, :].expand(-1, index.shape[1], -1).gather(2, nearest.indices)
    return labels, nearest.values.isfinite()


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
        predicted = view.predicted.gather(1, index)
        k = view.probabilities.shape[-1]
        probability = view.probabilities.gather(1, index[..., None].expand(-1, -1, k)).gather(2, labels)
        votes = torch.zeros(*index.shape, k, dtype=weight.dtype, device=weight.device).scatter_add(2, labels, weight)
        columns = [
            ((labels == predicted[..., None]) * weight).sum(-1) / count,
            (probability * weight).sum(-1) / count,
            votes.amax(-1) / count,
        ]
        return torch.stack(columns, -1)
