"""CLUE: query the records nearest to the centres of clusters that are weighed by entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies.base import Strategy
from alrl.strategies.diversity.clustering import closeness, clustered_choice


@dataclass(frozen=True, kw_only=True)
class CLUE(Strategy):
    """Cluster the embedding, each record weighing its entropy, and take the record nearest to each centre.

    Prabhu, Chandrasekaran, Saenko and Hoffman 2021, "Active domain adaptation via clustering uncertainty-weighted
    embeddings": as many clusters as records are asked for, of all available ones. Of a batch of one that is the record
    nearest to the weighted mean, and its score is 1 / (1 + the distance). Where no record is in doubt all weigh one.

    >>> from alrl.testing.example_view import example_view
    >>> CLUE().select(example_view(seed=0, records=(8,), labelled=(1,)), 3)
    tensor([[2, 7, 3]])
    """

    name: ClassVar[str] = "clue"
    paper: ClassVar[str] = "Prabhu et al. 2021"
    batch: ClassVar[str] = "as many clusters, their nearest"
    cost: ClassVar[str] = "20 m N E"
    ordered: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    def score(self, view: PoolView) -> Tensor:
        return closeness(view, embedding_of(view, self.name), _weight(view))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        return clustered_choice(view, embedding_of(view, self.name), _weight(view), self.score(view), count)


def _weight(view: PoolView) -> Tensor:
    entropy = view.normalised_entropy * view.available
    return torch.where(entropy.sum(1, keepdim=True) > 0, entropy, 1.0)
