"""Measure whether the learner can express what the labels say: the labels nearby against the learner's own word."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.neighbours import nearest_labelled
from alrl.metadata.pick import pick
from alrl.numerics.backend import arrays, compiles


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
        place, real = nearest_labelled(view, index)
        if compiles(index):
            return self._compiled(view, index, place, real)
        labels = pick(view.labels, place)
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

    def _compiled(self, view: PoolView, index: Tensor, place: Tensor, real: Tensor) -> Tensor:
        from alrl.metadata.kernels.compiled_groups import misfit

        out = view.probabilities.new_empty(*index.shape, len(self.features))
        misfit(*arrays(view.by_class, view.predicted, index, view.labels, place, real, out))
        return out
