"""Networks that score candidates by a weighted sum of a few of their features: constant weights, or learned ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from alrl.agents.networks.set_scorer import CandidateScorer, draw_weights, linear
from alrl.envs.actions.weights import QUANTILES, quantiles, weighted_sum
from alrl.errors import InvalidRecipeError
from alrl.metadata import Feature, FeatureSet
from alrl.recipes.suggest import unknown

WEIGHED = ("margin", "entropy-rank", "flip-rate", "isolation-ratio", "sparsity-rank", "known-neighbours")
"""What is weighed unless told otherwise: uncertainty, change and place, features of the groups that all observe."""
_MARGIN = -0.5
"""First weight of the margin; the others are zero, so only its sign matters, and it may move either way."""


def columns_of(names: Sequence[str], features: FeatureSet) -> tuple[int, ...]:
    """Return where the named features of a record are.

    Raises InvalidRecipeError for none, one that is not observed or given twice, and without the margin, which training
    starts from.
    """
    known = [feature.name for feature in features.record]
    for name in names:
        if name not in known:
            raise InvalidRecipeError(unknown("observed feature of a record", name, known))
    if "margin" not in names or len(set(names)) < len(names):
        raise InvalidRecipeError(f"features = {list(names)} given; name each once, and margin among them")
    return tuple(known.index(name) for name in names)


class _Weighed(CandidateScorer):
    """Base of both kinds of networks that weigh features: which features these are."""

    columns: Tensor

    def __init__(self, features: FeatureSet, columns: Sequence[int]) -> None:
        super().__init__()
        if not columns or min(columns) < 0 or max(columns) >= len(features.record):
            raise InvalidRecipeError(f"columns {list(columns)} given of {len(features.record)} features of a record")
        self.weighed: tuple[Feature, ...] = tuple(features.record[column] for column in columns)
        self._columns = tuple(columns)
        self.register_buffer("columns", torch.tensor(self._columns))

    def _start(self) -> Tensor:
        """Return weights (m,) by which margin sampling is played."""
        names = [feature.name for feature in self.weighed]
        return torch.tensor([_MARGIN if name == "margin" else 0.0 for name in names])

    def _sum(self, candidates: Tensor, weights: Tensor, mask: Tensor) -> Tensor:
        return weighted_sum(candidates, self._columns, self.weighed, weights).masked_fill(~mask, -torch.inf)


class LinearScorer(_Weighed):
    """Scores a candidate by the same m weights in every round; unless they are given, it plays margin sampling.

    Args:
        features: what is observed.
        columns: which of the features of a record are weighed.
        weight: (m,), or for a search (B, m), other ones in every episode.

    >>> features = FeatureSet(["confidence", "loop"])
    >>> network = LinearScorer(features, columns_of(["margin", "entropy"], features))
    >>> candidates = torch.zeros(1, 2, len(features.record))
    >>> candidates[0, :, features.margin_column] = torch.tensor([0.75, 0.25])
    >>> network(candidates, torch.zeros(1, 13), torch.ones(1, 2, dtype=torch.bool))
    tensor([[-0.3750, -0.1250]])
    """

    weight: Tensor

    def __init__(self, features: FeatureSet, columns: Sequence[int], weight: Tensor | None = None) -> None:
        super().__init__(features, columns)
        self.register_buffer("weight", self._start() if weight is None else weight.clone())

    @property
    def described(self) -> dict[str, Any]:
        return {"kind": "linear"}

    @property
    def summary(self) -> str:
        terms = [f"{float(w):+.2f} {each.name}" for w, each in zip(self.weight, self.weighed, strict=True)]
        return f"weighted sum of features: {', '.join(terms)}"

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002
        return self._sum(candidates, self.weight.expand(len(candidates), -1), mask)


class Weigher(_Weighed):
    """Scores candidates by weights that a network gives for the loop and for the quantiles of all features.

    It reads what the environment's actions of kind ``weights`` show: the quantiles over the candidates, and the loop's
    features, all scaled to their ranges. The weights lie from -1 to 1; before training they play margin sampling.
    Because quantiles do not depend on how many candidates there are, the same network serves any number.

    Args:
        features: what is observed.
        columns: which of the features of a record are weighed.
        width: units of the two hidden layers.
        generator: draws the first weights (stream ``agent``); one of seed 0 if left out.
    """

    first: Tensor
    low: Tensor
    span: Tensor

    def __init__(
        self, features: FeatureSet, columns: Sequence[int], *, width: int = 64, generator: torch.Generator | None = None
    ) -> None:
        super().__init__(features, columns)
        self.width = width
        read = [*list(features.record) * len(QUANTILES), *features.loop]
        self.trunk = nn.Sequential(linear(len(read), width), nn.ReLU(), linear(width, width), nn.ReLU())
        self.head = linear(width, len(columns))
        draw_weights(self, generator or torch.Generator().manual_seed(0))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        ranges = {
            "first": self._start().atanh(),
            "low": torch.tensor([float(each.low) for each in read]),
            "span": torch.tensor([float(each.high - each.low) for each in read]),
        }
        for name, value in ranges.items():
            # What the features' ranges say is not what was learnt: no part of a policy file.
            self.register_buffer(name, value, persistent=False)

    @property
    def described(self) -> dict[str, Any]:
        return {"kind": "weigher", "width": self.width}

    @property
    def summary(self) -> str:
        names = ", ".join(column.name for column in self.weighed)
        return f"network of width {self.width} that weighs {names} anew in every round"

    def encode(self, quantiled: Tensor, loop: Tensor) -> Tensor:
        """Return representation (B, width) of quantiles (B, 5, F) over candidates and features of the loop (B, G)."""
        x = torch.cat([quantiled.flatten(1), loop], 1)
        hidden: Tensor = self.trunk((x - self.low) / self.span)
        return hidden

    def unbounded(self, hidden: Tensor) -> Tensor:
        """Return the weights (B, m) before they are bounded by the hyperbolic tangent."""
        weights: Tensor = self.first + self.head(hidden)
        return weights

    def weights(self, quantiled: Tensor, loop: Tensor) -> Tensor:
        """Return the weights (B, m) of the features, each from -1 to 1: the environment's action."""
        bounded: Tensor = self.unbounded(self.encode(quantiled, loop)).tanh()
        return bounded

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        return self._sum(candidates, self.weights(quantiles(candidates, mask), loop), mask)
