"""Ranges of the features in a policy's training tasks, and the distance of a state from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from alrl.errors import PolicyFileError
from alrl.metadata import FeatureSet
from alrl.metadata.feature_set import Observation

QUANTILES = (0.0, 0.005, 0.995, 1.0)
"""Least value, usual range, greatest value: what is kept of each feature."""
_CARD_KEY = "feature_ranges"
_ROUNDING = 1e-4
_DIGITS = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingRanges:
    """Ranges of F features of a record and G of the loop over the states of training.

    A feature is unusual in a state where it lies outside the range that holds 99 % of its values in training.
    """

    states: int
    """States that they are of."""
    record: Tensor
    """Least value, 0.5 % and 99.5 % quantile, greatest value over all candidates, (4, F)."""
    loop: Tensor
    """The same of the loop's features, (4, G)."""

    @classmethod
    def of(cls, seen: Sequence[Observation]) -> TrainingRanges:
        """Return the ranges over all states that were seen."""
        record = torch.cat([observation.candidates[observation.mask] for observation in seen])
        loop = torch.cat([observation.loop for observation in seen])
        return cls(states=len(loop), record=_quantiles(record), loop=_quantiles(loop))

    @classmethod
    def of_card(cls, card: Mapping[str, Any], features: FeatureSet) -> TrainingRanges | None:
        """Return what a policy's card says of the ``features``; None where it says nothing.

        Raises PolicyFileError, which names the feature, if what it says is incomplete or no ranges.
        """
        ranges = card.get(_CARD_KEY)
        if ranges is None:
            return None
        parts = {}
        for scope, named in (("record", features.record), ("loop", features.loop)):
            columns = []
            for feature in named:
                try:
                    row = [float(value) for value in ranges[scope][feature.name] if isinstance(value, int | float)]
                except (KeyError, TypeError, ValueError):
                    row = []
                if len(row) != len(QUANTILES) or row != sorted(row):
                    raise PolicyFileError(
                        f"the card's {_CARD_KEY} has no range of the feature {feature.name!r}: four numbers in"
                        " ascending order; train the policy again"
                    )
                columns.append(row)
            parts[scope] = torch.tensor(columns).T
        states = ranges.get("states", 0)
        return cls(states=states if isinstance(states, int) else 0, **parts)

    def to_card(self, features: FeatureSet) -> dict[str, Any]:
        """Return what a card says of them: the key ``feature_ranges``."""
        ranges: dict[str, Any] = {"states": self.states}
        for scope, named, values in (("record", features.record, self.record), ("loop", features.loop, self.loop)):
            ranges[scope] = {
                feature.name: [round(float(value), _DIGITS) for value in column]
                for feature, column in zip(named, values.T, strict=True)
            }
        return {_CARD_KEY: ranges}

    def unusual(self, seen: Observation) -> tuple[Tensor, Tensor]:
        """Return the share of the candidates with an unusual feature, (B, F), and which of the loop are unusual.

        (B, G).
        """
        real = seen.mask[..., None].to(seen.candidates.dtype)
        record = (_outside(seen.candidates, self.record) * real).sum(1) / real.sum(1).clamp_min(1)
        return record, _outside(seen.loop, self.loop)

    def distance(self, seen: Observation) -> Tensor:
        """Return the share of the features that are unusual, (B,): 0 is as in training, 1 as nothing in training was.

        >>> ranges = TrainingRanges(states=9, record=torch.tensor([[0.0], [0.1], [0.4], [0.5]]), loop=torch.zeros(4, 1))
        >>> candidates = torch.tensor([[[0.2], [0.3]], [[0.2], [0.9]]])
        >>> seen = Observation(candidates=candidates, loop=torch.zeros(2, 1), mask=torch.ones(2, 2).bool())
        >>> ranges.distance(seen)
        tensor([0.0000, 0.2500])
        """
        record, loop = self.unusual(seen)
        return (record.sum(1) + loop.sum(1)) / (record.shape[1] + loop.shape[1])

    def to(self, device: torch.device | str) -> TrainingRanges:
        """Return the same on a device."""
        return TrainingRanges(states=self.states, record=self.record.to(device), loop=self.loop.to(device))


def _quantiles(values: Tensor) -> Tensor:
    """(4, F) of values (m, F): order statistics, for torch's own quantile takes no more than 16 million numbers."""
    ordered = values.sort(0).values
    last = len(ordered) - 1
    at = [0, int(QUANTILES[1] * last), last - int((1 - QUANTILES[2]) * last), last]
    # As a card tells them, lest a policy that was saved and loaded is another one.
    return ordered[torch.tensor(at, device=values.device)].round(decimals=_DIGITS)


def _outside(values: Tensor, ranges: Tensor) -> Tensor:
    """Return 1 where values (..., F) lie outside the usual range of (4, F), else 0."""
    return ((values < ranges[1] - _ROUNDING) | (values > ranges[2] + _ROUNDING)).to(values.dtype)
