"""Measure how far the learning curve has come, without a validation part: stability, cross-validation, certainty.

Nothing here needs a label that was not bought: predictions of the whole pool are compared between rounds, and labels
with what was said of them without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.label_errors import left_out_accuracy, left_out_probabilities, suspected
from alrl.metadata.loop.validation import agreement, change_bound, kappa, progressive, remembered
from alrl.metadata.pick import added, average

_LATEST = 5
"""Labels before which the cross-validated accuracy is compared with that of now."""
_SMALL = 1e-4
"""A change of the mean probability that is as good as none."""


class LearningCurve(FeatureGroup):
    """Agreement between rounds, progressive and leave-one-out validation, uncertainty; their slopes and saturation."""

    name = "learning-curve"
    scope = "loop"
    features = (
        Feature(
            name="agreement",
            low=0,
            high=1,
            meaning="Share of the pool predicted as in the round before; 0 in the first round, as the next three.",
        ),
        Feature(
            name="stability", low=-1, high=1, meaning="Cohen's kappa of the pool's predictions now and a round before."
        ),
        Feature(
            name="stability-mean",
            low=-1,
            high=1,
            meaning="Mean of the kappas of consecutive rounds, of the last five rounds.",
        ),
        Feature(
            name="stability-slope",
            low=-1,
            high=1,
            meaning="Half the difference of the newest and the oldest of these kappas.",
        ),
        Feature(
            name="change-bound",
            low=0,
            high=1,
            meaning="Bound 4 (1 - T) / T on the change of the F measure at a kappa of T, at most 1.",
        ),
        Feature(
            name="progressive-accuracy",
            low=0,
            high=1,
            meaning="Share of the last labels (at most four) that a learner without them predicted.",
        ),
        Feature(
            name="progressive-probability",
            low=0,
            high=1,
            meaning="Mean probability of the last labels (at most four) by a learner without them.",
        ),
        Feature(
            name="progressive-surprise",
            low=-1,
            high=1,
            meaning="That mean minus the probability of the newest label alone.",
        ),
        Feature(
            name="left-out-accuracy",
            low=0,
            high=1,
            meaning="Share of the labelled records whose label their five nearest labelled neighbours tell.",
        ),
        Feature(
            name="left-out-gain",
            low=-1,
            high=1,
            meaning="By how much the last five labels raised that share; 0 while no more than these are labelled.",
        ),
        Feature(
            name="suspected-labels",
            low=0,
            high=1,
            meaning="Share of the labels that confident learning suspects to be wrong, by the same neighbours.",
        ),
        Feature(
            name="overall-uncertainty",
            low=0,
            high=1,
            meaning="Mean normalised entropy of the records that may be queried; 0 if there is none.",
        ),
        Feature(
            name="certainty-slope",
            low=-1,
            high=1,
            meaning="Rise of the pool's mean probability of the predicted class over the last five rounds.",
        ),
        Feature(
            name="certainty-saturation",
            low=0,
            high=1,
            meaning="1 minus the last change of that mean over its changes in the last five rounds, added up; 1 where"
            " nothing changed, 0 in the second round.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:  # noqa: ARG002
        return torch.stack([*_stability(view), *_validation(view), *_certainty(view)], -1).clamp(-1, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Steps:
    """Values of the steps from each remembered round to the next, (T - 1, B), the newest last."""

    values: Tensor
    lived: Tensor
    """Which of them the episode has lived through, (T - 1, B), bool."""

    @property
    def mean(self) -> Tensor:
        return self._sum(self.values) / self.lived.sum(0).clamp_min(1)

    @property
    def absolute(self) -> Tensor:
        """Sum of absolute values, (B,)."""
        return self._sum(self.values.abs())

    @property
    def newest(self) -> Tensor:
        return self.values[-1].where(self.lived[-1], 0.0)

    @property
    def oldest(self) -> Tensor:
        first = self.lived.to(torch.uint8).argmax(0)[None]
        return self.values.gather(0, first)[0].where(self.lived.any(0), 0.0)

    def _sum(self, values: Tensor) -> Tensor:
        return added(values.where(self.lived, 0.0))


def _steps(view: PoolView, values: list[Tensor]) -> _Steps:
    """Of ``values`` (B,), one for each step; where one round alone is remembered, of a step that did not take place."""
    lived = view.trajectory.remembered
    nothing = torch.zeros(1, len(view.exists), device=lived.device)
    if not values:
        return _Steps(values=nothing, lived=nothing.bool())
    return _Steps(values=torch.stack(values), lived=lived[1:] & lived[:-1])


def _stability(view: PoolView) -> list[Tensor]:
    predictions = [likeliest.predicted for likeliest in remembered(view)]
    pairs, k = list(pairwise(predictions)), view.probabilities.shape[2]
    kappas = _steps(view, [kappa(first, second, view.exists, k) for first, second in pairs])
    same = _steps(view, [agreement(first, second, view.exists) for first, second in pairs[-1:]] * len(pairs))
    slope = (kappas.newest - kappas.oldest) / 2
    return [same.newest, kappas.newest, kappas.mean, slope, change_bound(kappas.newest)]


def _validation(view: PoolView) -> list[Tensor]:
    ahead, real = progressive(view), view.labelled_mask
    probability = ahead.mean(ahead.probability)
    newest = (ahead.probability * ahead.counted)[:, :1].sum(1)
    accuracy, enough = left_out_accuracy(view), real.sum(1) > _LATEST
    gain = (accuracy - left_out_accuracy(view, _LATEST)) * enough
    wrong = suspected(left_out_probabilities(view), view.labels, real)
    right = ahead.mean(ahead.right)
    return [right, probability, probability - newest, accuracy, gain, average(wrong.to(accuracy.dtype), real)]


def _certainty(view: PoolView) -> list[Tensor]:
    # In doubles: how a mean is rounded must not show in the ratio of two small changes.
    certain = [average(likeliest.first.double(), view.exists) for likeliest in remembered(view)]
    steps = _steps(view, [later - earlier for earlier, later in pairwise(certain)])
    rise = steps.mean * steps.lived.sum(0)
    share = steps.newest.abs() / (steps.absolute + _SMALL)
    saturation = (1 - share) * steps.lived[-1]
    dtype = view.probabilities.dtype
    return [average(view.normalised_entropy, view.available), rise.to(dtype), saturation.to(dtype)]
