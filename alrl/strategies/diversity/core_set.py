"""Core-set: query what lies farthest from all that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy, top


@dataclass(frozen=True, kw_only=True)
class CoreSet(Strategy):
    """k-centre greedy: scores a record by its Euclidean distance to the nearest labelled or selected record.

    Sener and Savarese 2018, "Active learning for convolutional neural networks: a core-set approach"; the greedy
    2-approximation is Gonzalez 1985. Where nothing is known yet every score is zero, so that the first centre is a
    random record, as in both. Each pick of a batch counts as known for the next; a batch of m from N records takes
    m distances a record, never N.

    >>> from alrl.testing.example_view import example_view
    >>> CoreSet().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.0000, 2.2015, 1.2560]])
    """

    name: ClassVar[str] = "core-set"
    paper: ClassVar[str] = "Sener and Savarese 2018"
    batch: ClassVar[str] = "one by one, each pick counts as known"
    cost: ClassVar[str] = "m N D"

    def score(self, view: PoolView) -> Tensor:
        distance = view.distance_to_known
        return torch.where(distance.isfinite(), distance, torch.zeros_like(distance))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        if count <= 1:
            return super().select(view, count)
        nearest, picks = view.distance_to_known, []
        for _ in range(min(count, int(view.available.sum(1).max()))):
            pick = top(nearest, view, 1)
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
            # Where the pool has run out the pick is -1, and any record will do: no pick follows.
            nearest = torch.minimum(nearest, view.geometry.distance_from(pick.clamp_min(0))[..., 0])
        batch = torch.cat(picks, 1) if picks else view.noise.new_zeros((len(view.noise), 0), dtype=torch.long)
        return torch.nn.functional.pad(batch, (0, count - batch.shape[1]), value=-1)
