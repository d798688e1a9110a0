"""Measure what is known of the label that a record has already: whether to ask for it again."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.dynamics import labelled_error_norm
from alrl.metadata.feature import Feature, FeatureGroup, once_a_view
from alrl.metadata.label_errors import left_out_probabilities, suspected
from alrl.metadata.pick import columns


class OwnLabel(FeatureGroup):
    """Whether the record has a label, how doubtful that label is, how often it was queried; else zeros."""

    name = "own-label"
    scope = "record"
    features = (
        Feature(name="has-label", low=0, high=1, meaning="1 if the record has a label, which an annotator gave."),
        Feature(
            name="own-doubt",
            low=0,
            high=1,
            meaning="Chance, by the five nearest other labelled records, that its label is wrong.",
        ),
        Feature(
            name="own-suspected",
            low=0,
            high=1,
            meaning="1 if confident learning suspects its label to be wrong, by these chances.",
        ),
        Feature(
            name="own-error",
            low=0,
            high=1,
            meaning="Distance between the learner's probabilities and its label, over the greatest there is (EL2N).",
        ),
        Feature(
            name="times-asked", low=0, high=1, meaning="How often t it was asked for, as t / (t + 1); 1/2 after once."
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        wrong = suspected(left_out_probabilities(view), view.labels, view.labelled_mask)
        times = query_counts(view)
        given = (view.labelled.to(times.dtype), doubt(view), placed(view, wrong.to(times.dtype)))
        return columns(index, *given, placed(view, labelled_error_norm(view)), times / (times + 1))


@once_a_view
def doubt(view: PoolView) -> Tensor:
    """Return chance by the nearest other labelled records that a record's label is wrong, (B, N).

    0 where it has none.
    """
    probability = left_out_probabilities(view).gather(2, view.labels[..., None])[..., 0]
    return placed(view, (1 - probability).clamp(0, 1))


def doubted(view: PoolView) -> Tensor:
    """Return how much a record's label is to be doubted, (B, N).

    The :func:`doubt` shared by how often it was asked for.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(records=(9,), labelled=(4,))
    >>> bool((doubted(view)[view.labelled] > 0).all()), float(doubted(view)[~view.labelled].sum())
    (True, 0.0)
    """
    return doubt(view) / query_counts(view).clamp_min(1)


def query_counts(view: PoolView) -> Tensor:
    """Return how often each record was asked for, (B, N), as numbers of the probabilities' type."""
    times = view.labelled if view.times_queried is None else view.times_queried
    return times.to(view.probabilities.dtype)


def placed(view: PoolView, values: Tensor) -> Tensor:
    """Return values (B, L) of the labelled records at their positions in the pool, (B, N); 0 elsewhere."""
    B, N = view.exists.shape
    at = torch.where(view.labelled_mask, view.labelled_index, N)
    return torch.zeros(B, N + 1, dtype=values.dtype, device=values.device).scatter(1, at, values)[:, :-1]
