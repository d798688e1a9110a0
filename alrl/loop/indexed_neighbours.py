"""The neighbours of all records of a pool that is too large for all pairs of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from alrl.loop.geometry import NEIGHBOURS, distance_between
from alrl.loop.neighbour_index import NeighbourIndex, training_size
from alrl.loop.streams import generator


def indexed_neighbours(features: Tensor) -> tuple[Tensor, Tensor]:
    """Distances and positions of the ten nearest others of each record of one pool (1, N, D), (1, N, 10) each.

    From an approximate index (``docs/large-pools.md``); the distances to what it finds are measured as elsewhere.

    >>> distance, index = indexed_neighbours(torch.arange(12.0)[None, :, None])
    >>> distance[0, 0, :3].tolist(), index[0, 0, :3].tolist()
    ([1.0, 2.0, 3.0], [1, 2, 3])
    """
    X = features[0].cpu().numpy()
    # Zero columns are padding: the index is to be the same without them.
    X = np.ascontiguousarray(X[:, : int((X != 0).any(0).nonzero()[0].max(initial=0)) + 1])
    records = len(X)
    rng = generator([records], "neighbour index")
    sample = np.sort(rng.choice(records, size=training_size(records), replace=False))
    lists = NeighbourIndex.build([X], sample=X[sample], records=records)
    places = np.arange(records)
    found = [lists.neighbours(X[part], part, NEIGHBOURS)[1] for part in np.array_split(places, records // 4096 + 1)]
    index = torch.from_numpy(np.concatenate(found)).to(features.device)
    distance = _measured(features[0], index)
    order = distance.argsort(dim=1, stable=True)
    return distance.gather(1, order)[None], index.gather(1, order)[None]


def _measured(X: Tensor, index: Tensor) -> Tensor:
    """Distances of the records (N, D) to those at ``index`` (N, n), (N, n)."""
    parts = [
        distance_between(rows[:, None], X[near])[:, 0]
        for rows, near in zip(X.split(4096), index.split(4096), strict=True)
    ]
    return torch.cat(parts)
