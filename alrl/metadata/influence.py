"""Measure how far a record's label would carry: what it has in common with the pool that is not known yet."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.posterior import posterior, standing_for_pool, weighted_mean
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import pick
from alrl.numerics.backend import arrays, compiles


class Influence(FeatureGroup):
    """Leverage, and correlation with the pool's other records by what the labels leave open in a linear model.

    Of the model in :mod:`alrl.loop.posterior`, on 128 records drawn at random from those that may be queried. It is the
    reduction of variance that a label brings (Cohn, Ghahramani and Jordan 1996; Schein and Ungar 2007), taken apart.
    """

    name = "influence"
    scope = "record"
    features = (
        Feature(
            name="leverage", low=0, high=1, meaning="Share of its own variance that the record's label would take away."
        ),
        Feature(
            name="variance-ratio",
            low=-1,
            high=1,
            meaning="Logarithm, base e^3, of the record's variance over the mean variance in the pool.",
        ),
        Feature(name="reach", low=0, high=1, meaning="Mean squared correlation with the pool."),
        Feature(
            name="doubtful-reach",
            low=0,
            high=1,
            meaning="The same, records counting by the square of their Gini impurity.",
        ),
        Feature(
            name="doubtful-alignment",
            low=0,
            high=1,
            meaning="The same of correlations above zero alone, others counting as zero.",
        ),
        Feature(
            name="variance-reduction",
            low=0,
            high=1,
            meaning="Share of the pool's variance, weighted likewise, that the record's label would take away.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        others, weight = standing_for_pool(view)
        doubt, own = posterior(view, index, others), pick(view.impurity, index)
        weight_of_doubt = weight * pick(view.impurity, others).square()
        if compiles(index):
            from alrl.metadata.kernels.compiled_groups import influence

            out = own.new_empty(*index.shape, len(self.features))
            influence(*arrays(doubt.own, doubt.others, doubt.covariance, own, weight, weight_of_doubt, out))
            return out
        squared = doubt.correlation.square()
        leverage = own * doubt.own / (1 + own * doubt.own)
        taken = doubt.covariance.square() * (own / (1 + own * doubt.own))[..., None]
        columns = [
            leverage,
            (doubt.own / weighted_mean(doubt.others[:, None], weight)).log().clamp(-3, 3) / 3,
            weighted_mean(squared, weight),
            weighted_mean(squared, weight_of_doubt),
            weighted_mean(squared * (doubt.covariance > 0), weight_of_doubt),
            weighted_mean(taken, weight_of_doubt) / weighted_mean(doubt.others[:, None], weight_of_doubt),
        ]
        return torch.stack(columns, -1).nan_to_num(0.0).clamp(-1, 1)
