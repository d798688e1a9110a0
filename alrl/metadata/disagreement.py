"""Measure how much the members of a committee disagree on a record."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import members_of
from alrl.metadata.dynamics import data_map
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import columns, rank
from alrl.numerics.uncertainty import consensus, mean_divergence, variation_ratio, vote_entropy

_TIE = 1e-5
"""Duplicates are equally likely up to rounding, which must not rank them."""


class Disagreement(FeatureGroup):
    """Vote entropy, mean divergence and variation ratio of a committee, and their ranks within the pool."""

    name = "disagreement"
    scope = "record"
    needs = frozenset({"members"})
    features = (
        Feature(
            name="vote-entropy",
            low=0,
            high=1,
            meaning="Entropy of the votes of M members among k classes over the largest possible, log min(k, M).",
        ),
        Feature(
            name="divergence",
            low=0,
            high=1,
            meaning="Mean Kullback-Leibler divergence of the members from their mean (BALD), over log min(k, M).",
        ),
        Feature(name="variation-ratio", low=0, high=1, meaning="Share of the members that do not vote as most do."),
        Feature(
            name="member-spread",
            low=0,
            high=0.5,
            meaning="Standard deviation over the members of the probability of the class predicted by their mean.",
        ),
        Feature(name="vote-entropy-rank", low=0, high=1, meaning="Share of the pool with a smaller vote entropy."),
        Feature(name="divergence-rank", low=0, high=1, meaning="Share of the pool with a smaller mean divergence."),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        members = members_of(view, str(self))
        most = view.class_count.clamp_max(members.shape[1]).to(members.dtype).clamp_min(2).log()[:, None]
        votes = (vote_entropy(members) / most).clamp(0, 1)
        divergence = (mean_divergence(members) / most).clamp(0, 1)
        chosen = consensus(members).argmax(-1)[:, None, :, None].expand(-1, members.shape[1], -1, 1)
        predicted = members.gather(3, chosen)[..., 0].transpose(0, 1)
        _, spread = data_map(
            predicted, torch.ones(len(predicted), 1, 1, dtype=predicted.dtype, device=predicted.device)
        )
        own = columns(index, votes, divergence, variation_ratio(members).clamp(0, 1), spread.clamp_max(0.5))
        return torch.cat([own, rank(index, view.available, votes, divergence, tie=_TIE)], -1)
