"""Measure how much two rounds agree on the pool, and what that says of the learner without a validation part."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import once_a_view
from alrl.metadata.pick import added, pick
from alrl.numerics.ranking import Likeliest, likeliest


def kappa(first: Tensor, second: Tensor, among: Tensor, classes: int) -> Tensor:
    """Return Cohen's kappa of two predictions (..., N), long.

    Among ``classes`` classes, over the records ``among`` (..., N).

    Cohen 1960; as a stopping criterion Bloodgood and Vijay-Shanker 2009, "A method for stopping active learning based
    on stabilizing predictions". From -1 to 1 for full agreement, (...), which also has 1 where both predict one and the
    same class throughout (scikit-learn gives NaN) or there is no record.

    >>> first, second = torch.tensor([[0, 1, 1, 0], [1, 1, 1, 1]]), torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1]])
    >>> kappa(first, second, torch.ones(2, 4, dtype=torch.bool), 2)
    tensor([0.5000, 1.0000])
    """
    # Counts are whole numbers in doubles: exact, in whatever order they are taken.
    weight = among.double()
    count = weight.sum(-1).clamp_min(1)
    agreed = ((first == second) * weight).sum(-1) / count
    shares = [_shares(each, weight, classes) / count[..., None] for each in (first, second)]
    chance = added((shares[0] * shares[1]).unbind(-1))
    certain = (chance >= 1 - 1e-12) | ~among.any(-1)
    coefficient = (agreed - chance) / torch.where(certain, 1.0, 1 - chance)
    return torch.where(certain, 1.0, coefficient).clamp(-1, 1).to(torch.float32)


def agreement(first: Tensor, second: Tensor, among: Tensor) -> Tensor:
    """Return the share of the records ``among`` (..., N) with two equal predictions (..., N), (...); 1 of none.

    >>> agreement(torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 1, 1]), torch.ones(4, dtype=torch.bool))
    tensor(0.7500)
    """
    weight = among.double()
    same = ((first == second) * weight).sum(-1) / weight.sum(-1).clamp_min(1)
    return torch.where(among.any(-1), same, 1.0).to(torch.float32)


def change_bound(agreed: Tensor) -> Tensor:
    """Return the most that the F measure of two models can differ by, at a kappa of ``agreed`` T.

    4 (1 - T) / T, at most 1.

    Bloodgood and Grothendieck 2013, "Analysis of stopping active learning based on stabilizing predictions". At or
    below zero agreement tells nothing, and two F measures differ by 1 at most anyway.

    >>> change_bound(torch.tensor([0.99, 1.0, 0.5, -0.25]))
    tensor([0.0404, 0.0000, 1.0000, 1.0000])
    """
    bound = 4 * (1 - agreed) / torch.where(agreed > 0, agreed, 1.0)
    return torch.where(agreed > 0, bound, 1.0).clamp(0, 1)


def overall_uncertainty(probabilities: Tensor) -> Tensor:
    """Return normalised entropy of each row of ``probabilities`` (..., k), 0 to 1.

    Its mean over a pool tells when to stop.

    Zhu, Wang and Hovy 2008, "Multi-criteria-based strategy to stop active learning for data annotation". Over a
    :class:`~alrl.loop.pool_view.PoolView` it is ``view.normalised_entropy``, which knows which classes are padding.

    >>> overall_uncertainty(torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.99, 0.01]]))
    tensor([1.0000, 0.4690, 0.0808])
    """
    return (added(torch.special.entr(probabilities).unbind(-1)) / math.log(probabilities.shape[-1])).clamp(0, 1)


def _shares(predicted: Tensor, weight: Tensor, classes: int) -> Tensor:
    counts = torch.zeros(*predicted.shape[:-1], classes, dtype=weight.dtype, device=predicted.device)
    return counts.scatter_add(-1, predicted, weight)


@once_a_view
def remembered(view: PoolView) -> list[Likeliest]:
    """Return the likeliest class of every record, and how likely it is, by the learner of each remembered round."""
    return [likeliest(probabilities) for probabilities in view.trajectory.probabilities]


@dataclass(frozen=True, kw_only=True, eq=False)
class Progressive:
    """The latest labels, the newest first, each as foretold by a learner that did not know it; S at most."""

    right: Tensor
    """Whether it was predicted, (B, S), float32."""
    probability: Tensor
    """How likely it was said to be, (B, S)."""
    counted: Tensor
    """Whether there is such a label and such a learner, (B, S), float32."""

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of ``values`` (B, S) over those that are counted, (B,); zero where there is none."""
        if not values.shape[1]:
            return values.new_zeros(len(values))
        return added((values * self.counted).unbind(1)) / self.counted.sum(1).clamp_min(1)


def progressive(view: PoolView) -> Progressive:
    """Of the s-th newest label what the learner of s rounds ago said, s = 1, 2, ... as far as rounds are remembered.

    Blum, Kalai and Langford 1999, "Beating the hold-out: bounds for k-fold and progressive cross-validation". Every
    loop buys a label at least, so the s newest were unknown to the learner of s rounds ago: each is foretold, not
    remembered. Labels of the first sample do not count. Which records these are is the strategy's choice: where it
    seeks the hard ones, they are foretold worse than the pool would be.

    >>> from alrl.testing.example_view import example_view
    >>> progressive(example_view(records=(9,), labelled=(6,))).counted
    tensor([[1., 1.]])
    """
    past, lived = view.trajectory.probabilities, view.trajectory.remembered
    count, matches = view.labelled_mask.sum(1), []
    for back in range(1, min(len(past), view.labels.shape[1] + 1)):
        place = (count - back).clamp_min(0)[:, None]
        label = view.labels.gather(1, place)
        probabilities = pick(past[-1 - back], view.labelled_index.gather(1, place))
        own = probabilities.gather(2, label[..., None])[..., 0]
        right = pick(remembered(view)[-1 - back].predicted, view.labelled_index.gather(1, place)) == label
        matches.append((right, own, lived[-1 - back] & (view.spent >= back) & (count >= back)))
    if not matches:
        none = view.probabilities.new_zeros(len(count), 0)
        return Progressive(right=none, probability=none, counted=none)
    right, own = (torch.cat(each, 1) for each in zip(*((right, own) for right, own, _ in matches), strict=True))
    counted = torch.stack([each for _, _, each in matches], 1)
    return Progressive(right=right.to(own.dtype), probability=own.clamp(0, 1), counted=counted.to(own.dtype))
