"""Distances and neighbours among a few records of a large pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.geometry.distances import NEIGHBOURS, distance_between
from alrl.geometry.geometry import Geometry
from alrl.large_pool.pool import LargePool

_SIMILAR = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """Distances of S records of a view to their neighbours in the whole pool."""

    distance: Tensor
    """Distances to the nearest other records of the pool, (S, n), ascending; zero where they were not asked for."""
    neighbour: Tensor
    """Places of these in the view, (S, n), long; the record's own where they were not asked for."""
    sparsity: Tensor
    """Mean distance to the nearest other records, (S,); zero where it was not asked for."""


class PartGeometry(Geometry):
    """Geometry of some records of a large pool: neighbours and extent are the pool's, not those of the part.

    Args:
        features: standardised features of the records, (1, S, D).
        exists: which of them stand for the pool, (1, S).
        known: which are labelled, (1, S).
        nearest: distance to the nearest labelled record, (1, S); infinite where it was not asked for.
        extent: root mean squared distance between two records of the pool.
        surroundings: neighbours in the pool; None if the strategy needs none.
    """

    def __init__(
        self,
        features: Tensor,
        exists: Tensor,
        *,
        known: Tensor,
        nearest: Tensor,
        extent: float,
        surroundings: Surroundings | None,
    ) -> None:
        super().__init__(features, exists)
        self._known, self._nearest = known, nearest
        self._surroundings = surroundings
        # What there is to look up was looked up already, however large the part.
        self.__dict__["_large"] = torch.zeros(1, dtype=torch.bool)
        self.__dict__["extent"] = torch.tensor([extent], dtype=features.dtype)

    @property
    def _measured(self) -> Surroundings:
        if self._surroundings is None:
            raise InvalidQueryError(
                "the strategy asks for neighbours, which were not looked up; give LargePoolLoop neighbours=True"
            )
        return self._surroundings

    @property
    def neighbours(self) -> tuple[Tensor, Tensor]:
        """Distances to the nearest other records of the pool and their places in the view, (1, S, n) each.

        Only records that may be picked have them: the others have themselves for neighbours, at distance zero.
        """
        return self._measured.distance[None], self._measured.neighbour[None]

    @property
    def neighbour_mask(self) -> Tensor:
        return torch.ones(1, self._measured.distance.shape[1], dtype=torch.bool)

    @property
    def sparsity(self) -> Tensor:
        """Mean distance to the nearest other records of the pool, (1, S), of the records that ``exists`` marks."""
        return self._measured.sparsity[None]

    @property
    def similarity(self) -> Tensor:
        """Mean of 1 / (1 + distance) to at most 1,024 of the records that stand for the pool, (1, S)."""
        places = self.exists[0].nonzero()[:, 0]
        points = self.features[:, places[torch.linspace(0, len(places) - 1, min(_SIMILAR, len(places))).long()]]
        return (1 / (1 + distance_between(self.features, points))).mean(-1)


def pool_neighbours(pool: LargePool, at: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return distances and pool positions of the ten nearest other records of the pool's records ``at`` (m,)."""
    count = min(NEIGHBOURS, pool.n_records - 1)
    if not count:
        return np.zeros((len(at), 0), dtype=np.float32), np.zeros((len(at), 0), dtype=np.int64)
    parts = [pool.index.neighbours(pool.standardised(part), part, count) for part in _parts(at)]
    return np.concatenate([distance for distance, _ in parts]), np.concatenate([position for _, position in parts])


def _parts(at: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [at[start : start + 4096] for start in range(0, max(1, len(at)), 4096)]
