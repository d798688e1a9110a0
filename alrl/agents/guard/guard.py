"""The guard: where a state is unlike those of its training, or it has stopped helping, a policy lets a rule choose."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from alrl.agents.guard.hand_over import HandOver
from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.loop.pool_view import PoolView
from alrl.metadata import FeatureSet
from alrl.metadata.feature_set import Observation
from alrl.strategies.base import top

Fallback = Literal["margin", "random"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Guard:
    """Decides, state by state and without a label, whether the policy chooses or the ``fallback`` does.

    It fires where more than a ``limit`` share of the features is unusual
    (:meth:`~alrl.agents.guard.training_ranges.TrainingRanges.distance`), and from the ``hand_over`` on, if there is
    one.
    """

    ranges: TrainingRanges
    """Where the features lay in training."""
    limit: float
    """Largest distance at which the policy still chooses."""
    quantile: float
    """Share of the states of training that lie within the limit."""
    fallback: Fallback = "margin"
    """Who chooses instead."""
    hand_over: HandOver | None = None
    """From when on the policy was of no more help in validation; None where it always was."""

    @classmethod
    def of(
        cls, ranges: TrainingRanges, seen: Sequence[Observation], *, quantile: float, fallback: Fallback = "margin"
    ) -> Guard:
        """Return the guard that triggers in at most a share of 1 - ``quantile`` of the states ``seen`` in training."""
        if not 0 < quantile <= 1:
            raise InvalidRecipeError(f"guard: quantile = {quantile} given; it must be above 0 and at most 1")
        distances = torch.cat([ranges.distance(observation) for observation in seen]).sort().values
        limit = float(distances[max(0, math.ceil(quantile * len(distances)) - 1)])
        return cls(ranges=ranges, limit=limit, quantile=quantile, fallback=fallback)

    @classmethod
    def from_json(cls, settings: Mapping[str, Any], card: Mapping[str, Any], features: FeatureSet) -> Guard:
        """Return what :meth:`to_json` gave, with the ranges of a card. Raises PolicyFileError if it is no guard."""
        ranges = TrainingRanges.of_card(card, features)
        fallback, limit, quantile = (settings[name] for name in ("fallback", "limit", "quantile"))
        if ranges is None or fallback not in {"margin", "random"}:
            raise PolicyFileError(f"a guard that falls back to {fallback!r} given; it needs feature_ranges in the card")
        if not all(isinstance(each, int | float) and 0 <= each <= 1 for each in (limit, quantile)):
            raise PolicyFileError(f"a guard of limit {limit} and quantile {quantile} given; both lie from 0 to 1")
        late = settings.get("hand_over")
        hand_over = HandOver.from_json(late, features) if late is not None else None
        return cls(ranges=ranges, limit=float(limit), quantile=float(quantile), fallback=fallback, hand_over=hand_over)

    def to_json(self) -> dict[str, Any]:
        """Return what a policy file says of it beside the ranges, which are in the card."""
        settings = {"fallback": self.fallback, "limit": self.limit, "quantile": self.quantile}
        return settings if self.hand_over is None else {**settings, "hand_over": self.hand_over.to_json()}

    @property
    def summary(self) -> str:
        """The rule in a sentence, for cards."""
        return (
            f"{self.fallback} chooses where more than {100 * self.limit:.1f} % of the features are unusual, as in"
            f" {100 * (1 - self.quantile):.1f} % of the states of training"
            + (f", and once {self.hand_over.feature} is above {self.hand_over.above:g}" if self.hand_over else "")
        )

    def triggers(self, seen: Observation) -> Tensor:
        """Return where the policy is not to choose, (B,), bool; not where there is nothing to choose from."""
        fired = self.ranges.distance(seen) > self.limit
        if self.hand_over is not None:
            fired = fired | self.hand_over.reached(seen)
        return fired & seen.mask.any(1)

    def fallback_scores(
        self, view: PoolView, fired: Tensor, candidates: Tensor, scores: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return candidates and scores (B, K), the fallback's where it ``fired`` (B,)."""
        if not bool(fired.any()):
            return candidates, scores
        liked = -view.margin if self.fallback == "margin" else view.noise
        others = top(liked, view, candidates.shape[1])
        # In the order of choice, ties broken: a rank says that better than the number it is of.
        rank = -torch.arange(others.shape[1], device=others.device, dtype=scores.dtype).expand_as(scores)
        rank = rank.masked_fill(others < 0, -torch.inf)
        return torch.where(fired[:, None], others, candidates), torch.where(fired[:, None], rank, scores)

    def to(self, device: torch.device | str) -> Guard:
        """Return the same on a device."""
        return dataclasses.replace(self, ranges=self.ranges.to(device))
