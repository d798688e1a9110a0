"""A mixture of scores: a learned network beside features that are good choices by themselves, each standardised."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from alrl.agents.networks.set_scorer import CandidateScorer, among
from alrl.errors import InvalidRecipeError
from alrl.metadata import Feature, FeatureSet

NETWORK = "network"
"""The name of the network's own score among what is weighed."""


class Mixture(CandidateScorer):
    """Scores a candidate by a weighted sum: a network's score and features, each against those of the other candidates.

    Every term is taken less its mean over the candidates of a state, in their standard deviations, so that a weight
    means the same in every state, and only the weights' proportions matter. Batches of several sizes may have weights
    each: sizes between two of them have weights between theirs, by the logarithm, and beyond the last that one's.

    Args:
        features: what is observed.
        prior: the network whose score is the first term.
        columns: which of the features of a record are weighed beside it.
        weight: (1 + m,), the network's first; with S ``sizes`` (S, 1 + m), without any, for a search, (B, 1 + m), other
            ones in every episode; by default the network alone.
        sizes: of batches, rising, that have weights of their own.

    >>> from alrl.agents.networks.set_scorer import SetScorer
    >>> features = FeatureSet(["confidence", "loop"])
    >>> prior = SetScorer(record=len(features.record), loop=13, margin_column=features.margin_column)
    >>> network = Mixture(features, prior, [features.margin_column], torch.tensor([1.0, 2.0]))
    >>> candidates = torch.zeros(1, 2, len(features.record))
    >>> candidates[0, :, features.margin_column] = torch.tensor([0.75, 0.25])
    >>> network(candidates, torch.zeros(1, 13), torch.ones(1, 2, dtype=torch.bool)).argmax(1)
    tensor([0])
    """

    columns: Tensor
    weight: Tensor
    sizes: Tensor

    def __init__(
        self,
        features: FeatureSet,
        prior: CandidateScorer,
        columns: Sequence[int],
        weight: Tensor | None = None,
        *,
        sizes: Sequence[int] = (),
    ) -> None:
        super().__init__()
        if len(set(columns)) < len(columns) or any(not 0 <= each < len(features.record) for each in columns):
            raise InvalidRecipeError(
                f"columns {list(columns)} given of {len(features.record)} features of a record; each once"
            )
        rising = list(sizes) == sorted(set(sizes)) and all(size >= 1 for size in sizes)
        if sizes and (not rising or weight is None or len(weight) != len(sizes)):
            raise InvalidRecipeError(f"sizes {list(sizes)} given; rising ones of at least 1, with weights each")
        self.features = features
        self.weighed: tuple[Feature, ...] = tuple(features.record[column] for column in columns)
        self.prior: nn.Module = prior
        self.register_buffer("columns", torch.tensor(list(columns), dtype=torch.long))
        first = torch.zeros(1 + len(columns))
        first[0] = 1.0
        self.register_buffer("weight", first if weight is None else weight.clone())
        if sizes:
            self.register_buffer("sizes", torch.tensor(list(sizes), dtype=torch.long))
        else:
            # No part of a policy file, which is as it was before sizes had weights.
            self.register_buffer("sizes", torch.zeros(0, dtype=torch.long), persistent=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What is weighed, in order."""
        return (NETWORK, *(column.name for column in self.weighed))

    @property
    def described(self) -> dict[str, Any]:
        prior = self.prior.described if isinstance(self.prior, CandidateScorer) else {}
        return {**{name: value for name, value in prior.items() if name != "kind"}, "kind": "mixture"}

    @property
    def summary(self) -> str:
        rows = self.weight if len(self.sizes) else self.weight[None]
        sums = [", ".join(f"{float(w):+.2f} {name}" for w, name in zip(row, self.names, strict=True)) for row in rows]
        by_size = [f"in batches of {size} {each}" for size, each in zip(self.sizes.tolist(), sums, strict=False)]
        inner = self.prior.summary if isinstance(self.prior, CandidateScorer) else ""
        return f"weighted sum of standardised scores: {'; '.join(by_size or sums)}; network: {inner}"

    def of_batch(self, count: int) -> Mixture:
        """Return the mixture of the weights for batches of ``count`` records."""
        if not len(self.sizes):
            return self
        at, places = math.log(max(count, 1)), self.sizes.double().log().tolist()
        above = bisect.bisect_left(places, at)
        if above == 0 or above == len(places):
            weight = self.weight[min(above, len(places) - 1)]
        else:
            share = (at - places[above - 1]) / (places[above] - places[above - 1])
            weight = torch.lerp(self.weight[above - 1], self.weight[above], share)
        prior: Any = self.prior
        return Mixture(self.features, prior, self.columns.tolist(), weight)

    def terms(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return what is weighed, standardised among the candidates, (B, K, 1 + m)."""
        own = self.prior(candidates, loop, mask).masked_fill(~mask, 0.0)
        return among(torch.cat([own[..., None], candidates[..., self.columns]], -1), mask)

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return scores (B, K) of candidates (B, K, F) in a loop (B, G), minus infinity where mask (B, K) is False."""
        weight = self.of_batch(1).weight.expand(len(candidates), -1)
        scores = (self.terms(candidates, loop, mask) * weight[:, None]).sum(-1)
        return scores.masked_fill(~mask, -torch.inf)
