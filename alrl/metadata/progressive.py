"""Progressive validation: what earlier learners said of the labels that were bought after they were fitted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.likeliest import Likeliest, likeliest
from alrl.loop.pool_view import PoolView
from alrl.metadata.once import once_a_view
from alrl.metadata.pick import added, pick


@once_a_view
def remembered(view: PoolView) -> list[Likeliest]:
    """The likeliest class of every record, and how likely it is, by the learner of each remembered loop."""
    return [likeliest(each) for each in view.trajectory.probabilities]


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
        """Mean of ``values`` (B, S) over those that are counted, (B,); zero where there is none."""
        if not values.shape[1]:
            return values.new_zeros(len(values))
        return added((values * self.counted).unbind(1)) / self.counted.sum(1).clamp_min(1)


def progressive(view: PoolView) -> Progressive:
    """Of the s-th newest label what the learner of s loops ago said, s = 1, 2, ... as far as loops are remembered.

    Blum, Kalai and Langford 1999, "Beating the hold-out: bounds for k-fold and progressive cross-validation". Every
    loop buys a label at least, so the s newest were unknown to the learner of s loops ago: each is foretold, not
    remembered. Labels of the first sample do not count. Which records these are is the strategy's choice: where it
    seeks the hard ones, they are foretold worse than the pool would be.

    >>> from alrl.strategies.example_view import example_view
    >>> progressive(example_view(records=(9,), labelled=(6,))).counted
    tensor([[1., 1.]])
    """
    past, lived = view.trajectory.probabilities, view.trajectory.remembered
    count, found = view.labelled_mask.sum(1), []
    for back in range(1, min(len(past), view.labels.shape[1] + 1)):
        place = (count - back).clamp_min(0)[:, None]
        label = view.labels.gather(1, place)
        said = pick(past[-1 - back], view.labelled_index.gather(1, place))
        own = said.gather(2, label[..., None])[..., 0]
        right = pick(remembered(view)[-1 - back].predicted, view.labelled_index.gather(1, place)) == label
        found.append((right, own, lived[-1 - back] & (view.spent >= back) & (count >= back)))
    if not found:
        none = view.probabilities.new_zeros(len(count), 0)
        return Progressive(right=none, probability=none, counted=none)
    right, own = (torch.cat(each, 1) for each in zip(*((right, own) for right, own, _ in found), strict=True))
    counted = torch.stack([each for _, _, each in found], 1)
    return Progressive(right=right.to(own.dtype), probability=own.clamp(0, 1), counted=counted.to(own.dtype))
