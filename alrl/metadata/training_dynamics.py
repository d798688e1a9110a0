"""Measure what the epochs of the last fit say of a candidate: its pseudo-loss, and those of labelled neighbours.

A candidate has no label, so no loss: minus the logarithm of the probability of the class that it is predicted as after
the fit stands for it. The labelled records nearest to it have both.
"""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import epoch_confidence_of, epochs_of
from alrl.metadata.dynamics import (
    area_under_margin,
    data_map,
    deepest_dip,
    forgetting_events,
    labelled_error_norm,
    never_learnt,
)
from alrl.metadata.feature import Feature, FeatureGroup, of_guessing, saturated, signed
from alrl.metadata.neighbours import mean_of_nearest, nearest_labelled
from alrl.metadata.pick import added, pick, rank

_TIE = 1e-5
"""Duplicates are equally likely up to rounding, which must not rank them."""


class TrainingDynamics(FeatureGroup):
    """Pseudo-losses of candidates over the epochs; losses, forgetting and margins of the labelled records nearby."""

    name = "training-dynamics"
    scope = "record"
    needs = frozenset({"epochs"})
    features = (
        Feature(
            name="pseudo-loss",
            low=0,
            high=1,
            meaning="Mean over epochs of the log loss l to the class predicted after the fit, k classes, as"
            " l / (l + log k).",
        ),
        Feature(name="pseudo-loss-rank", low=0, high=1, meaning="Share of the pool with a smaller mean pseudo-loss."),
        Feature(
            name="epoch-spread",
            low=0,
            high=0.5,
            meaning="Standard deviation over epochs of the probability of the class predicted after the fit.",
        ),
        Feature(
            name="epoch-gain",
            low=-1,
            high=1,
            meaning="Probability of the class predicted after the fit in the last epoch minus that in the first.",
        ),
        Feature(
            name="epoch-dip",
            low=0,
            high=1,
            meaning="Largest fall of that probability below what it had been in an earlier epoch.",
        ),
        Feature(
            name="nearest-loss",
            low=0,
            high=1,
            meaning="Mean over the three nearest labelled records of their mean log loss l over epochs, as"
            " l / (l + log k).",
        ),
        Feature(
            name="nearest-forgetting",
            low=0,
            high=1,
            meaning="Mean over the three nearest labelled records of their forgetting events f, as f / (f + 1).",
        ),
        Feature(
            name="nearest-never-learnt",
            low=0,
            high=1,
            meaning="Share of the three nearest labelled records that were right in no epoch.",
        ),
        Feature(
            name="nearest-margin-area",
            low=-1,
            high=1,
            meaning="Mean over the three nearest labelled records of their area under the margin a, as a / (1 + |a|).",
        ),
        Feature(
            name="nearest-error-norm",
            low=0,
            high=1,
            meaning="Mean over the three nearest labelled records of the norm of their error (EL2N), over √2.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        return torch.cat([self._own(view, index), self._nearby(view, index)], -1)

    def _own(self, view: PoolView, index: Tensor) -> Tensor:
        confidence = epoch_confidence_of(view, str(self))
        floor = torch.finfo(confidence.dtype).tiny
        loss = added((-confidence.clamp_min(floor).log()).unbind(1)) / confidence.shape[1]
        pseudo = of_guessing(loss.clamp_min(0), view.class_count)
        own = pick(confidence.transpose(1, 2), index)
        _, spread = data_map(own.permute(2, 0, 1), torch.ones_like(own[0, 0])[:, None, None])
        gain, dip = own[..., -1] - own[..., 0], deepest_dip(own.transpose(1, 2))
        rest = torch.stack([spread.clamp_max(0.5), gain, dip.clamp(0, 1)], -1)
        return torch.cat([pick(pseudo, index)[..., None], rank(index, view.available, pseudo, tie=_TIE), rest], -1)

    def _nearby(self, view: PoolView, index: Tensor) -> Tensor:
        epochs = epochs_of(view, str(self))
        place, real = nearest_labelled(view, index)
        dtype = epochs.losses.dtype
        loss = added(epochs.losses.unbind(1)) / epochs.losses.shape[1]
        of_labelled = [
            of_guessing(loss, view.class_count),
            saturated(forgetting_events(epochs.correct).to(dtype), 1.0),
            never_learnt(epochs.correct).to(dtype),
            signed(area_under_margin(epochs.margins)),
            labelled_error_norm(view),
        ]
        return torch.stack([mean_of_nearest(value, place, real) for value in of_labelled], -1)
