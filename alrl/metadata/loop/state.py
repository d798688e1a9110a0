"""Measure how the loop as a whole stands: what was spent, how much is known, how unsure and unsteady the learner is."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import average, pick
from alrl.numerics.backend import arrays, compiles


def _labelled_fit(view: PoolView) -> tuple[Tensor, Tensor]:
    """Return accuracy on the labelled records and mean probability of their labels, (B,) each."""
    probabilities = pick(view.probabilities, view.labelled_index)
    given = probabilities.gather(2, view.labels[..., None])[..., 0]
    correct = (probabilities.argmax(-1) == view.labels).to(probabilities.dtype)
    return average(correct, view.labelled_mask), average(given, view.labelled_mask)


def _concentration(view: PoolView, index: Tensor) -> Tensor:
    """Return the distance to the neighbours over distance to any record, (B,).

    Near 1 in high dimensions and on one-hot columns.

    Zero where all records are the same.
    """
    extent, sparsity = view.geometry.extent, view.geometry.sparsity_at(index)
    return average(sparsity, view.exists & view.geometry.sampled) / torch.where(extent > 0, extent, 1.0)


class LoopState(FeatureGroup):
    """Budget, labelled count against features and classes, uncertainty, flips and fit."""

    name = "loop"
    scope = "loop"
    features = (
        Feature(name="budget-spent", low=0, high=1, meaning="Labels bought over labels that may be bought."),
        Feature(name="labelled-count", low=0, high=1, meaning="Labelled records n, as n / (n + 50)."),
        Feature(
            name="labelled-per-feature", low=0, high=1, meaning="Labelled records n of d features, as n / (n + d)."
        ),
        Feature(
            name="labelled-per-class", low=0, high=1, meaning="Labelled records n of k classes, as n / (n + 10 k)."
        ),
        Feature(name="class-count", low=0, high=1, meaning="Number of classes k, as 1 - 2 / k."),
        Feature(name="pool-entropy", low=0, high=1, meaning="Mean normalised entropy of the pool."),
        Feature(name="pool-margin", low=0, high=1, meaning="Mean margin of the pool."),
        Feature(name="margin-spread", low=0, high=1, meaning="Standard deviation of the margin over the pool."),
        Feature(name="pool-flip-rate", low=0, high=1, meaning="Mean flip rate of the pool."),
        Feature(name="largest-class", low=0, high=1, meaning="Predicted share of the largest class."),
        Feature(
            name="labelled-accuracy", low=0, high=1, meaning="Share of labelled records that the learner gets right."
        ),
        Feature(
            name="labelled-probability", low=0, high=1, meaning="Mean probability of the labelled records' labels."
        ),
        Feature(
            name="concentration",
            low=0,
            high=1,
            meaning="Mean distance to the neighbours over the root mean squared distance between records.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        if compiles(index):
            return self._compiled(view, index)
        real, dtype = view.exists, view.probabilities.dtype
        labelled = view.labelled_mask.sum(1).to(dtype)
        classes = view.class_count.to(dtype)
        mean = average(view.margin, real)
        spread = average((view.margin - mean[:, None]).square(), real).sqrt()
        right, probability = _labelled_fit(view)
        columns = [
            view.spent.to(dtype) / view.budget.clamp_min(1),
            labelled / (labelled + 50),
            labelled / (labelled + view.feature_count.to(dtype)),
            labelled / (labelled + 10 * classes),
            1 - 2 / classes,
            average(view.normalised_entropy, real),
            mean,
            spread,
            average(view.trajectory.flips, real) / view.trajectory.loops.clamp_min(1),
            view.class_share.amax(-1),
            right,
            probability,
            _concentration(view, index),
        ]
        return torch.stack(columns, -1).clamp(0, 1)

    def _compiled(self, view: PoolView, index: Tensor) -> Tensor:
        from alrl.metadata.kernels.compiled_groups import loop

        place, exists = view.geometry, view.exists
        pool = (view.margin, view.normalised_entropy, view.trajectory.flips, place.sparsity_at(index))
        counted = exists if place.sampled is exists else exists & place.sampled
        labelled = (view.labelled_index, view.labels, view.labelled_mask)
        counts = (view.spent, view.budget, view.feature_count, view.class_count, view.trajectory.loops)
        out = view.probabilities.new_empty(len(exists), len(self.features))
        groups = (pool, (exists, counted), labelled)
        loop(*(arrays(*group) for group in groups), view.by_class.numpy(), arrays(*counts), *arrays(place.extent, out))
        return out.clamp_(0, 1)
