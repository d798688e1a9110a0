"""TypiClust: query the most typical record of the largest cluster that has no label."""

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
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.diversity.clustering import kmeans, rows_of
from alrl.strategies.randomness import fresh

_REFERENCE = 2048
_STEP = 1 << 24


@dataclass(frozen=True, kw_only=True)
class TypiClust(Strategy):
    """Clusters the embedding into as many clusters as records are known and asked for, and takes typical ones.

    Hacohen, Dekel and Weinshall 2022, "Active learning on a budget: opposite strategies suit high and low budgets".
    Of the clusters with the fewest known records the largest comes first, and of its records the most typical: the one
    of least mean distance to its ``neighbours`` nearest in the cluster. A score is minus the number of clusters that
    come before, plus, in the first cluster, typicality t = 1 / (mean distance) as t / (1 + t). In pools of more than
    2,048 records those neighbours are looked for among 2,048, drawn at random.

    Raises InvalidRecipeError for ``neighbours`` or ``clusters`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> TypiClust().score(example_view(seed=0, records=(4,), labelled=(1,)))
    tensor([[-1., -1., -1.,  1.]], dtype=torch.float64)
    """

    name: ClassVar[str] = "typiclust"
    paper: ClassVar[str] = "Hacohen, Dekel and Weinshall 2022"
    batch: ClassVar[str] = "one of each cluster, the largest first"
    cost: ClassVar[str] = "clusters · N E"
    ordered: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    neighbours: int = 20
    """Neighbours that typicality is measured by, or all of the cluster where it has fewer."""
    clusters: int = 500
    """Most clusters."""

    def __post_init__(self) -> None:
        for name, given in (("neighbours", self.neighbours), ("clusters", self.clusters)):
            if given < 1:
                raise InvalidRecipeError(f"typiclust: {name} = {given} given; give at least 1")

    def score(self, view: PoolView) -> Tensor:
        return self._clustered(view, 1).scores(view)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        clustered, picks = self._clustered(view, checked(count)), []
        for _ in range(largest_batch(view, count)):
            pick = top(clustered.scores(view), view, 1)
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
        return filled(picks, view, count)

    def _clustered(self, view: PoolView, count: int) -> _Clustered:
        embedding = embedding_of(view, self.name)
        wanted = (view.known.sum(1) + count).clamp_max(self.clusters)
        number = torch.minimum(wanted, view.exists.sum(1)).clamp_min(1)
        label, _ = kmeans(view, embedding, torch.ones_like(view.noise), number)
        return _Clustered(rows_of(embedding), label, int(number.max()), self.neighbours)


class _Clustered:
    """The clusters of a pool, in the order in which they are taken as the batch grows."""

    def __init__(self, X: NDArray[np.float32], label: NDArray[np.int64], clusters: int, neighbours: int) -> None:
        self._X, self._label, self._clusters, self._neighbours = X, label, clusters, neighbours
        self._distance = np.full(label.shape, np.nan)

    def scores(self, view: PoolView) -> Tensor:
        """(B, N), double."""
        label = torch.from_numpy(self._label).to(view.noise.device).clamp_min(0)

        def counted(mask: Tensor) -> Tensor:
            empty = torch.zeros(len(label), self._clusters, device=mask.device, dtype=torch.float64)
            return empty.scatter_add(1, label, mask.double())

        size, free = counted(view.exists), counted(view.available)
        # Clusters with nothing left come last; the fewest known first, then the largest.
        key = torch.where(free > 0, counted(view.known) * (size.max() + 1) - size, torch.inf)
        ahead = key.argsort(dim=1, stable=True).argsort(dim=1).double().gather(1, label)
        first = (ahead == 0) & view.available
        typicality = 1 / (1 + self._mean_distance(first, view))
        return torch.where(first, typicality, 0) - ahead

    def _mean_distance(self, wanted: Tensor, view: PoolView) -> Tensor:
        """Return the mean distance (B, N) of the records ``wanted`` (B, N) to their nearest in the cluster.

        Each measured once.
        """
        from alrl.strategies.diversity.kernels import compiled_clusters

        missing = wanted.cpu().numpy() & np.isnan(self._distance)
        given = (self._X, missing, _reference(view), self._label)
        compiled_clusters.mean_distance(*given, self._neighbours, self._distance)
        return torch.from_numpy(np.nan_to_num(self._distance)).to(wanted.device)


def _reference(view: PoolView) -> NDArray[np.bool_]:
    """Return records that neighbours are looked for among, (B, N): all, or a random sample of a larger pool."""
    drawn = fresh(view.noise, _STEP).masked_fill(~view.exists, -1)
    lowest = drawn.topk(min(_REFERENCE, drawn.shape[1]), 1).values[:, -1:]
    reference: NDArray[np.bool_] = (view.exists & (drawn >= lowest)).cpu().numpy()
    return reference
