"""Ranked batch mode: query what is unlike all that is known, the more so the less is known, and uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.numerics import uncertainty
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch


@dataclass(frozen=True, kw_only=True)
class RankedBatch(Strategy):
    """Scores a record by α · (1 - similarity) + (1 - α) · uncertainty, α being the share of records still unlabelled.

    Cardoso, Silva, Canuto, Moro and Gonçalves 2017, "Ranked batch-mode active learning". As in modAL, similarity is
    1 / (1 + Euclidean distance) to the nearest labelled or selected record and uncertainty is least confidence; each
    record of a batch counts as labelled for the next. With nothing known yet every record is as unlike, and least
    confidence decides (modAL takes the record nearest to all others).

    >>> from alrl.testing.example_view import example_view
    >>> RankedBatch().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.0618, 0.5146, 0.5145]])
    """

    name: ClassVar[str] = "ranked-batch"
    paper: ClassVar[str] = "Cardoso et al. 2017"
    batch: ClassVar[str] = "one by one, each pick counts as known"
    cost: ClassVar[str] = "m N D"

    def score(self, view: PoolView) -> Tensor:
        return _score(view, view.distance_to_known)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        distance, picks = view.distance_to_known, []
        for _ in range(largest_batch(view, checked(count))):
            pick = top(_score(view, distance), view, 1)
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
            # Where the pool has run out the pick is -1, and any record will do: no pick follows.
            distance = torch.minimum(distance, view.geometry.distance_from(pick.clamp_min(0))[..., 0])
        return filled(picks, view, count)


def _score(view: PoolView, distance: Tensor) -> Tensor:
    free, known = view.available.sum(1, keepdim=True), view.known.sum(1, keepdim=True)
    share = torch.where(known > 0, free / (free + known).clamp_min(1), 0.5)
    # Infinite where nothing is known: nothing is similar.
    return share * (1 - 1 / (1 + distance)) + (1 - share) * uncertainty.least_confidence(view.probabilities)
