"""Approximate nearest neighbours of very many records: inverted lists, in time that no pool squares."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.geometry.distances import NEIGHBOURS, distance_between
from alrl.numerics.streams import generator

EXACT_RECORDS = 20_000
"""Records up to which the neighbours of all are exact, here and in :class:`alrl.geometry.geometry.Geometry`."""
TRAINING = 64
"""Records a list that the lists' centres are learned from."""
_PROBES = 32
_SEED = 1


class NeighbourIndex:
    """Nearest neighbours by Euclidean distance among records that were added chunk by chunk.

    The inverted lists of faiss (Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor search",
    uncompressed): the square root of N lists; a query reads the 32 nearest. Up to 20,000 records there is one
    list and the answer is exact. Why this library and what its recall is: ``docs/large-pools.md``.

    The same records in the same order give the same answers: the seed is fixed, and one thread does the work.

    >>> X = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    >>> index = NeighbourIndex.build([X], sample=X, records=3)
    >>> distance, position = index.neighbours(X, np.arange(3), 1)
    >>> distance.tolist(), position.tolist()
    ([[1.0], [1.0], [2.0]], [[1], [0], [1]])
    """

    def __init__(self, lists: Any) -> None:
        self._lists = lists

    @classmethod
    def build(cls, chunks: Iterable[NDArray[np.float32]], *, sample: NDArray[np.float32], records: int) -> Self:
        """Return the index of the records (N, D) in ``chunks``.

        A record's position is its place in the order of adding.

        Args:
            chunks: the records, in order.
            sample: some of them at random, (S, D), that the lists' centres are learned from (:func:`training_size`).
            records: how many there will be, N.
        """
        import faiss

        width, count = sample.shape[1], list_count(records)
        centres = faiss.IndexFlatL2(width)
        lists = faiss.IndexIVFFlat(centres, width, count)
        lists.cp.seed, lists.cp.niter, lists.cp.max_points_per_centroid = _SEED, 10, TRAINING
        # Small samples and repeated records are no reason for faiss to write to the terminal.
        lists.cp.min_points_per_centroid = 1
        with threadpool_limits(1):
            lists.train(np.ascontiguousarray(sample))
            for chunk in chunks:
                lists.add(np.ascontiguousarray(chunk))
        return cls(lists)

    @property
    def n_records(self) -> int:
        """Number of records."""
        return int(self._lists.ntotal)

    def neighbours(
        self, X: NDArray[np.float32], own: NDArray[np.int64], count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return distances and positions of records nearest to the rows of ``X`` (m, D), the rows themselves left out.

        Both (m, min(count, N - 1)), ascending, equal distances in the order of positions; ``own`` (m,) are the rows'
        own positions. Raises InvalidQueryError if ``count`` is below 1.
        """
        if count < 1:
            raise InvalidQueryError(f"{count} neighbours asked for; ask for at least 1")
        count = min(count, self.n_records - 1)
        squared, position = self._search(np.ascontiguousarray(X), count + 1)
        # Among many copies of a record it may not find itself: then the last of them goes.
        mine = position == own[:, None]
        mine[~mine.any(1), -1] = True
        shape = (len(X), count)
        squared, position = squared[~mine].reshape(shape), position[~mine].reshape(shape)
        order = np.lexsort((position, squared))
        distance = np.sqrt(np.take_along_axis(squared, order, 1))
        return distance, np.take_along_axis(position, order, 1)

    def _search(self, X: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        with threadpool_limits(1):
            squared, position = self._lists.search(X, count, params=_reading(_PROBES))
            few = (position < 0).any(1)
            if few.any():
                squared[few], position[few] = self._lists.search(X[few], count, params=_reading(self._lists.nlist))
        return squared, position

    def save(self, file: Path) -> None:
        """Write the index to ``file``, which holds the records as well."""
        import faiss

        faiss.write_index(self._lists, str(file))

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the index in a file that :meth:`save` wrote. Raises InvalidDataError for one that it did not."""
        import faiss

        try:
            lists = faiss.read_index(str(file))
        except RuntimeError as error:
            raise InvalidDataError(f"{file} is no neighbour index ({_first_line(error)}); delete it") from None
        if not isinstance(lists, faiss.IndexIVFFlat):
            raise InvalidDataError(f"{file} holds a {type(lists).__name__}, which alrl does not write; delete it")
        return cls(lists)


def list_count(records: int) -> int:
    """Return the number of lists in an index of that many records.

    >>> list_count(20_000), list_count(1_000_000)
    (1, 1000)
    """
    return 1 if records <= EXACT_RECORDS else round(math.sqrt(records))


def training_size(records: int) -> int:
    """Return records that the lists' centres are best learned from.

    >>> training_size(300), training_size(1_000_000)
    (64, 64000)
    """
    return min(records, TRAINING * list_count(records))


def _reading(lists: int) -> Any:
    import faiss

    parameters = faiss.SearchParametersIVF()
    parameters.nprobe = lists
    return parameters


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def indexed_neighbours(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return distances and positions of the ten nearest others of each record of one pool (1, N, D), (1, N, 10) each.

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
    positions = [lists.neighbours(X[part], part, NEIGHBOURS)[1] for part in np.array_split(places, records // 4096 + 1)]
    index = torch.from_numpy(np.concatenate(positions)).to(features.device)
    distance = _measured(features[0], index)
    order = distance.argsort(dim=1, stable=True)
    return distance.gather(1, order)[None], index.gather(1, order)[None]


def _measured(X: Tensor, index: Tensor) -> Tensor:
    """Return distances of the records (N, D) to those at ``index`` (N, n), (N, n)."""
    parts = [
        distance_between(rows[:, None], X[near])[:, 0]
        for rows, near in zip(X.split(4096), index.split(4096), strict=True)
    ]
    return torch.cat(parts)
