"""Weighted k-means: among the most uncertain records, those nearest to the centres of as many clusters as asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies.base import Strategy, batch_of, top
from alrl.strategies.batches import checked, completed
from alrl.strategies.diversity.clustering import kmeans, rows_of

_LEAST = 1e-6


@dataclass(frozen=True, kw_only=True)
class WeightedKMeans(Strategy):
    """Scores a record by minus its margin; a batch is spread over the most uncertain by weighted k-means.

    Zhdanov 2019, "Diverse mini-batch active learning": the ``beta`` times as many records as asked for of smallest
    margin are clustered in the embedding, each weighing one minus its margin, into as many clusters, and the record
    nearest to each centre is queried. A batch of one is the record of smallest margin. Where clusters stay empty, as
    among duplicates, the most uncertain of the rest fill the batch.

    Raises InvalidRecipeError for ``beta`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> WeightedKMeans().select(example_view(seed=0, records=(8,), labelled=(1,)), 3)
    tensor([[2, 7, 3]])
    """

    name: ClassVar[str] = "weighted-kmeans"
    paper: ClassVar[str] = "Zhdanov 2019"
    batch: ClassVar[str] = "clusters of the most uncertain, their nearest"
    cost: ClassVar[str] = "N k, then clusters of 10 m"
    ordered: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    beta: float = 10.0
    """Records clustered for each one asked for."""

    def __post_init__(self) -> None:
        if not self.beta >= 1:
            raise InvalidRecipeError(f"weighted-kmeans: beta = {self.beta} given; it must be at least 1")

    def score(self, view: PoolView) -> Tensor:
        embedding_of(view, self.name)
        return -view.margin

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        from alrl.strategies.diversity.kernels import compiled_clusters

        score = self.score(view)
        if checked(count) == 1:
            return top(score, view, 1)
        embedding, records = embedding_of(view, self.name), view.exists.shape[1]
        unsure = batch_of(score, view, min(records, round(self.beta * count)))
        chosen = torch.zeros(len(unsure), records + 1, device=unsure.device).scatter(1, unsure % (records + 1), 1.0)
        weight = chosen[:, :-1] * (1 - view.margin).clamp_min(_LEAST)
        number = view.available.sum(1).clamp(1, count)
        label, centre = kmeans(view, embedding, weight, number)
        nearest = np.empty(centre.shape[:2], dtype=np.int64)
        compiled_clusters.closest_to_centres(rows_of(embedding), label, centre, rows_of(view.noise), nearest)
        return completed(torch.from_numpy(nearest).to(unsure.device), score, view, count)
