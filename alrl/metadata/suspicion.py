"""Measure whether a record is worth a label at all: outliers, duplicates, and places where labels contradict."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup, saturated
from alrl.metadata.geometry import distance_ratio
from alrl.metadata.label_errors import left_out_probabilities, suspected
from alrl.metadata.neighbours import mean_of_nearest, nearest_labelled
from alrl.metadata.pick import average, columns, pick

_TWIN = 0.01
"""A record this share of the pool's extent away from another is half a duplicate of it."""


class Suspicion(FeatureGroup):
    """Outlier scores of a record, how much of a duplicate it is, and how suspect the labels nearby are."""

    name = "suspicion"
    scope = "record"
    features = (
        Feature(
            name="outlierness",
            low=0,
            high=1,
            meaning="Mean distance d to the ten nearest others against its mean m over the pool, as d / (d + m).",
        ),
        Feature(
            name="local-outlierness",
            low=-1,
            high=1,
            meaning="Logarithm, base e^3, of the distance to the neighbours over what the neighbours have to theirs.",
        ),
        Feature(
            name="duplicate",
            low=0,
            high=1,
            meaning="1 for a duplicate of another record, 1/2 where the nearest lies a hundredth of the pool's extent"
            " away.",
        ),
        Feature(
            name="known-duplicate",
            low=0,
            high=1,
            meaning="The same, of the nearest record that is labelled or in the batch being filled.",
        ),
        Feature(
            name="nearest-doubt",
            low=0,
            high=1,
            meaning="Mean over the three nearest labelled records of the chance, by their own neighbours, that the"
            " label is wrong.",
        ),
        Feature(
            name="nearest-suspected",
            low=0,
            high=1,
            meaning="Share of the three nearest labelled records whose label confident learning suspects to be wrong.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        geometry = view.geometry
        apart, neighbours = geometry.neighbours_at(index)
        near = pick(neighbours, index)
        sparsity, extent = geometry.sparsity_at(torch.cat([index, near.flatten(1)], 1)), geometry.extent
        usual = average(sparsity, view.exists & geometry.sampled)
        own, known = columns(index, sparsity, view.distance_to_known).unbind(-1)
        # In a view of a large pool only records that it stands for have neighbours of their own.
        real = geometry.neighbour_mask[:, None] & pick(view.exists, near)
        theirs = (pick(sparsity, near) * real).sum(-1) / real.sum(-1).clamp_min(1)
        # The nearest of all; a record without others duplicates none.
        padded = pick(apart, index).masked_fill(~geometry.neighbour_mask[:, None], torch.inf)
        first = torch.nn.functional.pad(padded, (0, 1), value=torch.inf)[..., 0]
        local = distance_ratio(own, theirs, extent)
        values = [
            saturated(own, torch.where(usual > 0, usual, 1.0)[:, None]),
            torch.where(real.any(-1), local, 0.0),
            closeness(first, extent),
            closeness(known, extent),
            *self._doubts(view, index),
        ]
        return torch.stack(values, -1)

    def _doubts(self, view: PoolView, index: Tensor) -> list[Tensor]:
        probabilities, real = left_out_probabilities(view), view.labelled_mask
        doubt = 1 - probabilities.gather(2, view.labels[..., None])[..., 0]
        wrong = suspected(probabilities, view.labels, real).to(doubt.dtype)
        place, present = nearest_labelled(view, index)
        return [mean_of_nearest(each.clamp(0, 1), place, present) for each in (doubt, wrong)]


def closeness(distance: Tensor, extent: Tensor) -> Tensor:
    """Return 1 at a ``distance`` (B, K) of zero, 1/2 at a hundredth of the pool's ``extent`` (B,), 0 at infinity.

    >>> closeness(torch.tensor([[0.0, 1.0, 3.0, torch.inf]]), torch.tensor([100.0]))
    tensor([[1.0000, 0.5000, 0.2500, 0.0000]])
    """
    half = torch.where(extent > 0, _TWIN * extent, 1.0)[:, None]
    return 1 - saturated(distance, half)
