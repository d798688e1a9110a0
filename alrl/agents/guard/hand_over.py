"""Hand over to a rule for good, at the point of a loop from which a policy has stopped helping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from alrl.errors import PolicyFileError
from alrl.metadata import FeatureSet
from alrl.metadata.feature_set import Observation

GROWING = ("labelled-count", "labelled-per-feature", "labelled-per-class")
"""Features of the loop that only grow, and say how far a loop has come whatever its budget."""
_TRIED = (0.2, 0.4, 0.6, 0.8)
"""Shares of the states of training that lie before the points that are tried."""


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """From when on a policy gives every choice to the fallback: where a feature of the loop has grown above a value."""

    feature: str
    """One of :data:`GROWING`."""
    column: int
    """Its place among the features of the loop."""
    above: float

    @classmethod
    def from_json(cls, settings: Mapping[str, Any], features: FeatureSet) -> HandOver:
        """Return what :meth:`to_json` gave. Raises PolicyFileError if it is none."""
        feature, above = settings["feature"], settings["above"]
        names = [each.name for each in features.loop]
        if feature not in GROWING or feature not in names or not isinstance(above, int | float) or not 0 <= above <= 1:
            raise PolicyFileError(
                f"a hand-over where {feature!r} is above {above} given; allowed are {', '.join(GROWING)}, from 0 to 1"
            )
        return cls(feature=feature, column=names.index(feature), above=float(above))

    def to_json(self) -> dict[str, Any]:
        """Return what a policy file says of it."""
        return {"feature": self.feature, "above": self.above}

    def reached(self, seen: Observation) -> Tensor:
        """Return which episodes have come so far, (B,), bool.

        >>> late = HandOver(feature="labelled-count", column=0, above=0.5)
        >>> loop = torch.tensor([[0.4], [0.6]])
        >>> late.reached(Observation(candidates=torch.zeros(2, 1, 1), loop=loop, mask=torch.ones(2, 1).bool()))
        tensor([False,  True])
        """
        return seen.loop[:, self.column] > self.above


def points(features: FeatureSet, seen: Sequence[Observation]) -> Iterator[HandOver]:
    """Yield points to try: of each feature that grows, quantiles over the states ``seen`` in training."""
    loop = torch.cat([observation.loop for observation in seen]).sort(0).values
    for column, feature in enumerate(features.loop):
        if feature.name in GROWING:
            for share in _TRIED:
                above = round(float(loop[int(share * (len(loop) - 1)), column]), 4)
                yield HandOver(feature=feature.name, column=column, above=above)
