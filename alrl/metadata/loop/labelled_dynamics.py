"""Measure what the epochs of the last fit say of the labelled set: how fast, how well and how steadily it is learnt."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import epochs_of
from alrl.metadata.dynamics import area_under_margin, forgetting_events, labelled_error_norm, never_learnt
from alrl.metadata.feature import Feature, FeatureGroup, of_guessing, saturated, signed
from alrl.metadata.pick import added, average


class LabelledDynamics(FeatureGroup):
    """Losses, forgetting events, areas under the margin and error norms of the labelled records, summarised."""

    name = "labelled-dynamics"
    scope = "loop"
    needs = frozenset({"epochs"})
    features = (
        Feature(
            name="first-epoch-loss",
            low=0,
            high=1,
            meaning="Mean log loss l of the labelled records in the first epoch, k classes, as l / (l + log k).",
        ),
        Feature(
            name="last-epoch-loss",
            low=0,
            high=1,
            meaning="Mean log loss l of the labelled records in the last epoch, k classes, as l / (l + log k).",
        ),
        Feature(
            name="epoch-loss-area",
            low=0,
            high=1,
            meaning="Mean over epochs of the log loss l of the labelled records, k classes, as l / (l + log k).",
        ),
        Feature(
            name="epoch-loss-spread",
            low=0,
            high=0.5,
            meaning="Standard deviation over the labelled records of their mean log loss l, as l / (l + log k).",
        ),
        Feature(
            name="epochs-wrong",
            low=0,
            high=1,
            meaning="Share of the epochs in which a labelled record was classified wrongly, on average.",
        ),
        Feature(
            name="forgotten-share",
            low=0,
            high=1,
            meaning="Share of the labelled records that went from right to wrong in the course of the fit.",
        ),
        Feature(
            name="forgetting",
            low=0,
            high=1,
            meaning="Mean over the labelled records of their forgetting events f, as f / (f + 1).",
        ),
        Feature(
            name="never-learnt-share",
            low=0,
            high=1,
            meaning="Share of the labelled records that were right in no epoch.",
        ),
        Feature(
            name="margin-area",
            low=-1,
            high=1,
            meaning="Mean over the labelled records of their area under the margin a, as a / (1 + |a|).",
        ),
        Feature(
            name="negative-margin-share",
            low=0,
            high=1,
            meaning="Share of the labelled records whose area under the margin is negative, as of wrong labels.",
        ),
        Feature(
            name="error-norm",
            low=0,
            high=1,
            meaning="Mean over the labelled records of the norm of their error (EL2N), over √2.",
        ),
        Feature(
            name="error-norm-spread",
            low=0,
            high=0.5,
            meaning="Standard deviation over the labelled records of the norm of their error, over √2.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:  # noqa: ARG002
        epochs, real = epochs_of(view, str(self)), view.labelled_mask
        dtype, classes = epochs.losses.dtype, view.class_count
        events = forgetting_events(epochs.correct)
        area = area_under_margin(epochs.margins)
        loss = added(epochs.losses.unbind(1)) / epochs.losses.shape[1]
        norm = labelled_error_norm(view)
        columns = [
            *(of_guessing(average(each, real), classes) for each in (epochs.losses[:, 0], epochs.losses[:, -1], loss)),
            _deviation(of_guessing(loss, classes), real),
            1 - average(added(epochs.correct.to(dtype).unbind(1)) / epochs.correct.shape[1], real),
            average((events > 0).to(dtype), real),
            average(saturated(events.to(dtype), 1.0), real),
            average(never_learnt(epochs.correct).to(dtype), real),
            average(signed(area), real),
            average((area < 0).to(dtype), real),
            average(norm, real),
            _deviation(norm, real),
        ]
        # Without labelled records nothing was learnt: zeros, not epochs full of mistakes.
        return torch.stack(columns, -1) * real.any(1, keepdim=True)


def _deviation(values: Tensor, among: Tensor) -> Tensor:
    """Return standard deviation (B,) of ``values`` (B, L), each from 0 to 1, over the records in ``among`` (B, L)."""
    mean = average(values, among)
    return average((values - mean[:, None]).square(), among).sqrt().clamp_max(0.5)
