"""A strategy's view of a few thousand records of a large pool, among which the rest is represented."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.geometry.distances import distance_between
from alrl.geometry.exact_neighbours import mean_distance
from alrl.large_pool.geometry import PartGeometry, Surroundings, pool_neighbours
from alrl.large_pool.pool import LargePool
from alrl.loop.pool_view import PoolView

_OF_PROBABILITIES = ("by_class", "predicted", "top_two", "margin", "normalised_entropy", "class_count")


@dataclass(frozen=True, kw_only=True, eq=False)
class LargePoolView(PoolView):
    """A view of S records of a large pool, in the order of their positions there.

    Records that ``exists`` marks are those that may be picked and the sample that stands for the pool. The others are
    labelled records and neighbours of what may be picked: they are looked up, but count in no rank and no mean.
    """

    position: NDArray[np.int64]
    """Positions of the records in the pool, (S,), ascending."""
    surrounded: Tensor | None = None
    """True where a record's neighbours were looked up, (1, S), bool; None where nobody asks for any."""

    @property
    def offered(self) -> Tensor:
        return self.available if self.surrounded is None else self.available & self.surrounded

    def with_selected(self, picks: Tensor) -> PoolView:
        """Return the same view after ``picks`` (1,) joined the batch.

        What the probabilities tell is not computed anew.
        """
        view = super().with_selected(picks)
        view.__dict__.update({name: self.__dict__[name] for name in _OF_PROBABILITIES if name in self.__dict__})
        return view


class PoolSample:
    """Records drawn at random once, which stand for a large pool in ranks and means: where they lie in it.

    >>> pool = LargePool(np.array([[0.0], [1.0], [3.0]], dtype=np.float32))
    >>> sample = PoolSample(pool, np.arange(3))
    >>> sample.label(pool.standardised(np.array([0])))
    >>> (sample.nearest * pool.standardisation.scale[0]).round(2).tolist()
    [0.0, 1.0, 3.0]
    """

    def __init__(self, pool: LargePool, position: NDArray[np.int64]) -> None:
        self._pool = pool
        self.position = position
        """Positions in the pool, (R,), ascending."""
        self.features = pool.standardised(position)
        """Standardised features, (R, D)."""
        self.nearest = np.full(len(position), np.inf, dtype=np.float32)
        """Distance to the nearest labelled record, (R,); infinite where none is labelled."""

    @cached_property
    def sparsity(self) -> NDArray[np.float32]:
        """Mean distance to the ten nearest other records of the pool, (R,); builds the pool's index."""
        return mean_distance(torch.from_numpy(pool_neighbours(self._pool, self.position)[0])).numpy()

    def label(self, points: NDArray[np.float32]) -> None:
        """Take note of newly labelled records with the standardised features ``points`` (m, D)."""
        self.nearest = np.minimum(self.nearest, nearest_of(self.features, points))


def nearest_of(X: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return distance of each row of ``X`` (n, D) to the nearest of ``points`` (m, D), (n,); infinite without points.

    >>> nearest_of(np.array([[0.0], [5.0]], dtype=np.float32), np.array([[1.0], [3.0]], dtype=np.float32)).tolist()
    [1.0, 2.0]
    """
    least = np.full(len(X), np.inf, dtype=np.float32)
    rows = torch.from_numpy(X)[None]
    # A hundred points at a time: distances to thousands of labelled records at once would be the largest array of all.
    for start in range(0, len(points), 100):
        distance = distance_between(rows, torch.from_numpy(points[start : start + 100])[None])
        least = np.minimum(least, distance[0].amin(1).numpy())
    return least


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnRecords:
    """Records of a large pool that a view holds, S of them."""

    position: NDArray[np.int64]
    """Their positions in the pool, (S,), ascending."""
    exists: Tensor
    """Which may be picked or stand for the pool, (1, S), bool."""
    labelled: Tensor
    """Which are labelled, (1, S), bool."""
    surrounded: Tensor | None
    """Of which the neighbours were looked up, (1, S), bool; None where that was not wanted."""
    geometry: PartGeometry
    """Their distances and neighbours."""

    def places(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return places in the view of pool positions ``at`` that it holds."""
        return np.searchsorted(self.position, at)


def draw_part(
    pool: LargePool,
    sample: PoolSample,
    candidates: NDArray[np.int64],
    labelled: NDArray[np.int64],
    *,
    neighbours: bool,
) -> DrawnRecords:
    """Return the sample, the ``candidates`` (m,), the ``labelled`` records (L,) and, if wanted.

    The candidates' neighbours.
    """
    none = np.zeros((len(candidates), 0), dtype=np.int64)
    distance, neighbour = pool_neighbours(pool, candidates) if neighbours else (none.astype(np.float32), none)
    position = np.unique(np.concatenate([sample.position, candidates, labelled, neighbour.ravel()]))
    of_sample, of_candidates = np.searchsorted(position, sample.position), np.searchsorted(position, candidates)
    exists, known = np.zeros(len(position), dtype=bool), np.zeros(len(position), dtype=bool)
    exists[of_sample] = exists[of_candidates] = True
    known[np.searchsorted(position, labelled)] = True
    features = pool.standardised(position)
    nearest = np.full(len(position), np.inf, dtype=np.float32)
    nearest[of_sample] = sample.nearest
    nearest[of_candidates] = nearest_of(features[of_candidates], features[known])
    nearest[known] = 0
    surroundings = None
    if neighbours:
        own = np.arange(len(position))
        near, apart = np.repeat(own[:, None], neighbour.shape[1], 1), np.zeros((len(own), neighbour.shape[1]))
        near[of_candidates], apart[of_candidates] = np.searchsorted(position, neighbour), distance
        sparsity = np.zeros(len(position), dtype=np.float32)
        sparsity[of_sample], sparsity[of_candidates] = sample.sparsity, mean_distance(torch.from_numpy(distance))
        surroundings = Surroundings(
            distance=torch.from_numpy(apart.astype(np.float32)),
            neighbour=torch.from_numpy(near),
            sparsity=torch.from_numpy(sparsity),
        )
    geometry = PartGeometry(
        torch.from_numpy(features)[None],
        torch.from_numpy(exists)[None],
        known=torch.from_numpy(known)[None],
        nearest=torch.from_numpy(nearest)[None],
        extent=pool.extent,
        surroundings=surroundings,
    )
    looked_up = torch.zeros_like(geometry.exists)
    looked_up[0, torch.from_numpy(of_candidates)] = True
    return DrawnRecords(
        position=position,
        exists=geometry.exists,
        surrounded=looked_up if neighbours else None,
        labelled=torch.from_numpy(known)[None],
        geometry=geometry,
    )
