"""Cluster-margin: of the records of smallest margin, one from each cluster in turn, the small clusters first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies.base import Strategy, batch_of, distinct_first, top
from alrl.strategies.batches import checked, filled


@dataclass(frozen=True, kw_only=True)
class ClusterMargin(Strategy):
    """Scores a record by minus its margin; a batch is spread over clusters of the records of smallest margin.

    Citovsky et al. 2021, "Batch active learning at scale". The ``candidates`` times as many records as asked for of
    smallest margin are clustered in the embedding by average linkage and taken in turns from the smallest cluster to
    the largest, of each the record of smallest margin. The paper clusters the whole pool once, up to a distance; here
    the candidates alone are clustered, ``cluster_size`` a cluster on average, so that the cost does not grow with the
    pool's square and no distance has to be found. A batch of one is the record of smallest margin.

    Raises InvalidRecipeError for ``candidates`` or ``cluster_size`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> ClusterMargin().select(example_view(seed=0, records=(8,), labelled=(1,)), 3)
    tensor([[1, 3, 2]])
    """

    name: ClassVar[str] = "cluster-margin"
    paper: ClassVar[str] = "Citovsky et al. 2021"
    batch: ClassVar[str] = "clusters of the most uncertain, in turns"
    cost: ClassVar[str] = "N k, then clusters of 10 m"
    ordered: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    candidates: int = 10
    """Records clustered for each one asked for."""
    cluster_size: float = 5.0
    """Candidates in a cluster on average."""

    def __post_init__(self) -> None:
        for name, given in (("candidates", self.candidates), ("cluster_size", self.cluster_size)):
            if not given >= 1:
                raise InvalidRecipeError(f"cluster-margin: {name} = {given} given; give at least 1")

    def score(self, view: PoolView) -> Tensor:
        embedding_of(view, self.name)
        return -view.margin

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        score = self.score(view)
        if checked(count) == 1:
            return top(score, view, 1)
        embedding = embedding_of(view, self.name).double().cpu().numpy()
        unsure = batch_of(score, view, min(view.exists.shape[1], self.candidates * count)).cpu().numpy()
        picks = torch.full(unsure.shape, -1)
        for episode, row in enumerate(unsure):
            records = row[row >= 0]
            clusters = _clusters(embedding[episode, records], max(1, round(len(records) / self.cluster_size)))
            picks[episode, : len(records)] = torch.from_numpy(records[in_turns(clusters)])
        return filled([distinct_first(picks.to(view.noise.device), view)[:, :count]], view, count)


def _clusters(X: NDArray[np.float64], clusters: int) -> NDArray[np.int64]:
    """Return the cluster of each row of X (m, E), of at most ``clusters``, by average linkage."""
    if len(X) < 2:
        return np.zeros(len(X), dtype=np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage

    labels: NDArray[np.int64] = fcluster(linkage(X, "average"), clusters, criterion="maxclust").astype(np.int64)
    return labels


def in_turns(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order in which rows of these clusters (m,) are taken: one of each in turn, the smallest cluster first.

    Within a cluster in the order of the rows; of clusters of one size the one with the earlier row comes first.

    >>> in_turns(np.array([7, 7, 2, 7, 2, 5])).tolist()
    [5, 2, 0, 4, 1, 3]
    """
    _, first, cluster, size = np.unique(clusters, return_index=True, return_inverse=True, return_counts=True)
    together = np.argsort(cluster, kind="stable")
    earlier = np.empty_like(together)
    earlier[together] = np.arange(len(cluster)) - np.repeat(np.cumsum(size) - size, size)
    return np.lexsort((first[cluster], size[cluster], earlier))
