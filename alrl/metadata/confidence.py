"""Measure how sure the learner is of a record, absolutely and compared with the rest of the pool."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import columns, rank

_TIE = 1e-5
"""Duplicates are equally likely up to rounding, which must not rank them."""


class Confidence(FeatureGroup):
    """Probabilities of the likeliest classes, margin and entropy, and their ranks within the pool."""

    name = "confidence"
    scope = "record"
    features = (
        Feature(name="top-probability", low=0, high=1, meaning="Probability of the likeliest class."),
        Feature(name="second-probability", low=0, high=1, meaning="Probability of the second likeliest class."),
        Feature(name="margin", low=0, high=1, meaning="Gap between the two likeliest classes."),
        Feature(
            name="entropy", low=0, high=1, meaning="Entropy of the class probabilities over that of a uniform guess."
        ),
        Feature(name="margin-rank", low=0, high=1, meaning="Share of the pool that has a smaller margin."),
        Feature(name="entropy-rank", low=0, high=1, meaning="Share of the pool that has a smaller entropy."),
        Feature(
            name="confidence-rank", low=0, high=1, meaning="Share of the pool whose likeliest class is less likely."
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        first, second = view.top_two
        margin, entropy = view.margin, view.normalised_entropy
        own = columns(index, first, second, margin, entropy)
        return torch.cat([own, rank(index, view.available, margin, entropy, first, tie=_TIE)], -1)
