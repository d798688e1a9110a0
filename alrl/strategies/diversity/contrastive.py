"""Contrastive active learning: query where the learner contradicts what it says of the labelled records near by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.geometry.distances import distance_between, nearest
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies.base import Strategy

_SMALLEST = 1e-7
_BLOCK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Contrastive(Strategy):
    """Scores a record by how far its class probabilities diverge from those of the nearest labelled records, in nats.

    Margatina et al. 2021, "Active learning by acquiring contrastive examples": the mean Kullback-Leibler divergence of
    the record from its ``neighbours`` nearest labelled records in the embedding, or from all where there are fewer.
    Probabilities below 1e-7 count as that, as in scikit-activeml. With nothing labelled every score is zero.

    Raises InvalidRecipeError for ``neighbours`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> Contrastive().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.0000, 0.0124, 0.4114]])
    """

    name: ClassVar[str] = "contrastive"
    paper: ClassVar[str] = "Margatina et al. 2021"
    cost: ClassVar[str] = "N L E"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    neighbours: int = 10
    """Labelled records that each record is held against."""

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise InvalidRecipeError(f"contrastive: neighbours = {self.neighbours} given; give at least 1")

    def score(self, view: PoolView) -> Tensor:
        embedding, index = embedding_of(view, self.name), view.labelled_index
        chances = _floored(view)
        log = chances.log()
        count = min(self.neighbours, index.shape[1])
        if count == 0:
            return torch.zeros_like(view.noise)
        neighbours = chances.gather(1, index[..., None].expand(-1, -1, chances.shape[2]))
        near = embedding.gather(1, index[..., None].expand(-1, -1, embedding.shape[2]))
        # What a labelled record's own probabilities weigh: the sum of p log p.
        own = torch.where(neighbours > 0, neighbours * neighbours.clamp_min(_SMALLEST).log(), 0).sum(-1)
        parts = []
        step = max(1, _BLOCK // (len(near) * max(near.shape[1], count * neighbours.shape[2])))
        for rows, logs in zip(embedding.split(step, 1), log.split(step, 1), strict=True):
            distance = distance_between(rows, near).masked_fill(~view.labelled_mask[:, None], torch.inf)
            closest, place = nearest(distance, count)
            parts.append(_divergence(logs, neighbours, own, place, closest.isfinite()))
        return torch.cat(parts, 1)


def _floored(view: PoolView) -> Tensor:
    """Return probabilities of at least 1e-7 that sum to one over the real classes, (B, N, k)."""
    chances = view.probabilities.clamp_min(_SMALLEST) * view.class_mask[:, None]
    return chances / chances.sum(-1, keepdim=True)


def _divergence(logs: Tensor, neighbours: Tensor, own: Tensor, place: Tensor, real: Tensor) -> Tensor:
    """Return the mean over neighbours at ``place`` (B, n, m) of the sum of p log p less that of p log q, (B, n)."""
    total = torch.zeros_like(logs[..., 0])
    for column, valid in zip(place.unbind(-1), real.unbind(-1), strict=True):
        p = neighbours.gather(1, column[..., None].expand(-1, -1, neighbours.shape[2]))
        cross = torch.where(p > 0, p * logs, 0).sum(-1)
        total = total + valid * (own.gather(1, column) - cross)
    return total / real.sum(-1).clamp_min(1)
