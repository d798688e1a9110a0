"""Measure what the loop has cost so far beside labels: records trained on, retraining included."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup, saturated


class TrainingCost(FeatureGroup):
    """Records trained on so far against the whole budget's, the share that retraining makes of them, labels a round."""

    name = "cost"
    scope = "loop"
    features = (
        Feature(
            name="training-spent",
            low=0,
            high=1,
            meaning="Records trained on in all fits so far over those that the whole budget takes, if as many labels a"
            " loop are bought from here on as so far (one in the first).",
        ),
        Feature(
            name="retraining-share",
            low=0,
            high=1,
            meaning="Share of the records trained on so far that an earlier fit was trained on already, those of labels"
            " that were given up included.",
        ),
        Feature(
            name="labels-a-loop", low=0, high=1, meaning="Labels b bought in each round on average, as b / (b + 10)."
        ),
        Feature(name="fits", low=0, high=1, meaning="Fits f so far, the first sample's included, as f / (f + 50)."),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:  # noqa: ARG002
        dtype = view.probabilities.dtype
        spent, left = view.spent.to(dtype), (view.budget - view.spent).clamp_min(0).to(dtype)
        labelled = view.labelled_mask.sum(1).to(dtype)
        fits, trained, obtained = _counted(view, labelled, spent)
        each = spent / (fits - 1).clamp_min(1)
        # As many labels a round from here on: fits to what is there and a loop more, two rounds more, and so on.
        at_once = each.clamp_min(1)
        ahead = left / at_once
        whole = trained + ahead * (labelled + at_once * (ahead + 1) / 2)
        columns = [
            trained / whole.clamp_min(1),
            1 - obtained / torch.maximum(trained, obtained).clamp_min(1),
            saturated(each, 10.0),
            saturated(fits, 50.0),
        ]
        return torch.stack(columns, -1).clamp(0, 1) * torch.where(labelled > 0, 1.0, 0.0)[:, None]


def _counted(view: PoolView, labelled: Tensor, spent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return fits so far, records that they were to in all, and labels that there have been, (B,) each.

    Where fits were not counted, as in a loop of one's own, as many labels are taken to have been bought in each round.
    """
    if view.fits is not None and view.trained is not None and view.obtained is not None:
        return view.fits.to(labelled.dtype), view.trained.to(labelled.dtype), view.obtained.to(labelled.dtype)
    loops = view.trajectory.loops.to(labelled.dtype)
    return loops + 1, records_trained(labelled - spent, spent, loops), labelled


def records_trained(first: Tensor, bought: Tensor, loops: Tensor) -> Tensor:
    """Return records that all fits together were trained on, (B,).

    One fit to the ``first`` labels and one after each round.

    ``loops`` loops bought ``bought`` labels, as many each, and every fit is to all labels there are: the sum grows with
    the square of the loops.

    >>> records_trained(torch.tensor([3.0]), torch.tensor([20.0]), torch.tensor([10.0]))
    tensor([143.])
    """
    return (loops + 1) * (2 * first + bought) / 2
