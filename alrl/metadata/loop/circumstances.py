"""Describe the circumstances of a loop: budget, batch, classes without a label, the kind of probabilities."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup, saturated


class Circumstances(FeatureGroup):
    """What a policy that is trained under varied circumstances has to know of them, and may know in play.

    What is hidden in play is not among them: whether labels are noisy and records foreign is what ``suspicion``,
    ``misfit`` and ``geometry`` estimate.
    """

    name = "circumstances"
    scope = "loop"
    features: ClassVar = (
        Feature(name="budget-size", low=0, high=1, meaning="Labels n that may be bought, as n / (n + 100)."),
        Feature(
            name="batch-size",
            low=0,
            high=1,
            meaning="Labels b bought a refit so far, as b / (b + 10); 0 before the second fit, and where unknown.",
        ),
        Feature(
            name="batch-so-far",
            low=0,
            high=1,
            meaning="Records c chosen or asked for whose labels are not there yet, as c / (c + 10).",
        ),
        Feature(name="classes-without-label", low=0, high=1, meaning="Share of the classes that no label is of."),
        Feature(
            name="probability-levels",
            low=0,
            high=1,
            meaning="Different margins in the pool over its records: few where few neighbours or trees vote.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:  # noqa: ARG002
        dtype = view.probabilities.dtype
        budget, spent = view.budget.to(dtype), view.spent.to(dtype)
        batch = torch.zeros_like(spent)
        if view.fits is not None:
            batch = spent / (view.fits - 1).clamp_min(1) * (view.fits > 1)
        chosen = view.selected.sum(1).to(dtype)
        columns = [
            saturated(budget, 100.0),
            saturated(batch, 10.0),
            saturated(chosen, 10.0),
            _without_label(view),
            _levels(view),
        ]
        return torch.stack([column.to(torch.float32) for column in columns], 1)


def _without_label(view: PoolView) -> Tensor:
    """Return the share of the classes that no labelled record is of, (B,)."""
    counts = torch.zeros_like(view.class_mask, dtype=torch.long)
    counts.scatter_add_(1, view.labels, view.labelled_mask.long())
    real = view.class_mask.sum(1).clamp_min(1)
    return ((counts == 0) & view.class_mask).sum(1) / real


def _levels(view: PoolView) -> Tensor:
    """Return the number of different margins, to a ten-thousandth, over the number of records, (B,)."""
    # Padding gets one level of its own, which is taken off.
    rounded = (view.margin * 1e4).round().masked_fill(~view.exists, -1.0).sort(1).values
    levels = (rounded.diff(dim=1) != 0).sum(1) + 1 - (~view.exists).any(1).long()
    return levels / view.exists.sum(1).clamp_min(1)
