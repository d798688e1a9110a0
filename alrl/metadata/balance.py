"""Measure whether the labelled set has too much or too little of the classes that a record is likely to be of."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import pick
from alrl.numerics.backend import arrays, compiles

_SMOOTH = 0.05
_REACH = math.log((1 + _SMOOTH) / _SMOOTH)


def labelled_shares(view: PoolView) -> Tensor:
    """Return the share of each class among the labels bought, (B, k)."""
    count = torch.zeros(view.class_mask.shape, dtype=view.probabilities.dtype, device=view.labels.device)
    count = count.scatter_add(1, view.labels, view.labelled_mask.to(count.dtype))
    return count / count.sum(1, keepdim=True).clamp_min(1)


class Balance(FeatureGroup):
    """Labelled against predicted class shares for the two likeliest classes."""

    name = "balance"
    scope = "record"
    features = (
        Feature(
            name="first-class-surplus",
            low=-1,
            high=1,
            meaning="Logarithm (scaled) of labelled over predicted share of the likeliest class.",
        ),
        Feature(
            name="second-class-surplus",
            low=-1,
            high=1,
            meaning="Logarithm (scaled) of labelled over predicted share of the second likeliest class.",
        ),
        Feature(
            name="first-class-share",
            low=0,
            high=1,
            meaning="Share s of the likeliest class among k classes' labels, as s / (s + 1 / k).",
        ),
        Feature(
            name="second-class-share",
            low=0,
            high=1,
            meaning="Share s of the second likeliest class among k classes' labels, as s / (s + 1 / k).",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        labelled = labelled_shares(view)
        surplus = ((labelled + _SMOOTH) / (view.class_share + _SMOOTH)).log().clamp(-_REACH, _REACH) / _REACH
        share = labelled / (labelled + 1 / view.class_count.to(labelled.dtype)[:, None])
        if compiles(index) and share.shape[1] > 1:
            return self._compiled(view, index, surplus, share)
        # Padding is no class, and of equally likely classes the first counts, as in the prediction.
        chances = pick(view.probabilities, index).masked_fill(~view.class_mask[:, None], -1.0)
        first, second = chances.argsort(dim=-1, descending=True, stable=True)[..., :2].unbind(-1)
        columns = [surplus.gather(1, first), surplus.gather(1, second), share.gather(1, first), share.gather(1, second)]
        return torch.stack(columns, -1)

    def _compiled(self, view: PoolView, index: Tensor, surplus: Tensor, share: Tensor) -> Tensor:
        from alrl.metadata.kernels.compiled_groups import balance

        out = surplus.new_empty(*index.shape, len(self.features))
        balance(*arrays(view.by_class, index, view.class_mask, surplus, share, out))
        return out
