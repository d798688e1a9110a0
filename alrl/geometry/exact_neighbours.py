"""Nearest neighbours of those records of a large pool that are asked for, and of no others."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.geometry.distances import NEIGHBOURS, distance_between, nearest
from alrl.numerics.backend import one_thread
from alrl.numerics.streams import generator

_SAMPLE = 1024
"""Records that stand for a large pool where sparsity is ranked or averaged."""
_ROWS, _PRODUCTS = 512, 2**20
"""Rows and products that are taken at once: what stays in the processor's cache, and few calls for few rows."""
_GROUP = 16
"""Consecutive records: only the nearest of them is looked for at first."""
_GROUPS = NEIGHBOURS + 6
"""Groups whose records are measured: neighbours lie in ten of them, the record itself and rounding may add a few."""
_MEASURED = 32_768
"""Features, over rows, whose distances are measured at once: 32 MiB of members."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactNeighbours:
    """The nearest other records of those that were asked for, in the pools of B episodes; kept from then on.

    The records of a sample are asked for first: they stand for their pool where its sparsity is ranked or averaged.

    A look-up compares a record with its whole pool, and is exact: products in single precision name the groups of
    records where neighbours can be, and distances to these are measured as elsewhere. So it makes no difference which
    records are looked up together, except in places so crowded that rounding decides who is near.

    >>> pools, exists = torch.arange(3000.0)[None, :, None], torch.ones(1, 3000, dtype=torch.bool)
    >>> known = ExactNeighbours.of(pools, exists, large=torch.tensor([True]))
    >>> known.look_up(torch.tensor([[2]]), pools, exists)
    >>> known.index[0, 2, :3].tolist(), round(known.sparsity[0, 2].item(), 2), known.sampled.sum().item()
    ([1, 3, 0], 3.9, 1024)
    """

    distance: Tensor
    """Distances to the nearest others, (B, N, n), ascending, equal ones in the order of positions; zero where they
    were not wanted."""
    index: Tensor
    """Positions of these, (B, N, n), long."""
    sparsity: Tensor
    """Mean of these distances, (B, N); zero where they were not wanted."""
    known: Tensor
    """Which records were asked for, (B, N), bool."""
    sampled: Tensor
    """Which records stand for their pool, (B, N), bool: all those of small pools."""

    @classmethod
    def of(cls, features: Tensor, exists: Tensor, *, large: Tensor) -> ExactNeighbours:
        """Of the pools (B, N, D): what is known is the neighbours of the samples of those that are ``large`` (B,)."""
        distance = features.new_zeros(*exists.shape, min(NEIGHBOURS, exists.shape[1] - 1))
        known = cls(
            distance=distance,
            index=torch.zeros_like(distance, dtype=torch.long),
            sparsity=features.new_zeros(exists.shape),
            known=torch.zeros_like(exists),
            sampled=exists & ~large[:, None],
        )
        for episode in large.nonzero()[:, 0].tolist():
            pool = features[episode, : int(exists[episode].sum())]
            sample = sample_of(len(pool)).to(pool.device)
            known.sampled[episode, sample] = True
            # So many products, each of them short, would have threads wait for each other.
            with one_thread():
                known._find(episode, sample, pool)
        return known

    def look_up(self, wanted: Tensor, features: Tensor, exists: Tensor) -> None:
        """Find the neighbours of the records at ``wanted`` (B, m) in the pools (B, N, D), unless they are known."""
        new = exists.gather(1, wanted) & ~self.known.gather(1, wanted)
        for episode in new.any(1).nonzero()[:, 0].tolist():
            self._find(episode, wanted[episode, new[episode]].unique(), features[episode, : int(exists[episode].sum())])

    def _find(self, episode: int, rows: Tensor, pool: Tensor) -> None:
        for part in rows.split(_ROWS):
            self.keep(episode, part, *_nearest(pool, part))

    def keep(self, episode: int, rows: Tensor, distance: Tensor, index: Tensor) -> None:
        """Take up the neighbours of ``rows`` (m,) of an episode: distances and positions, (m, at most n) each."""
        self.distance[episode, rows, : distance.shape[1]] = distance
        self.index[episode, rows, : index.shape[1]] = index
        self.sparsity[episode, rows] = mean_distance(distance)
        self.known[episode, rows] = True

    def take(self, episodes: Tensor) -> ExactNeighbours:
        """Return what is known of the pools ``episodes`` (long, repeats allowed)."""
        return ExactNeighbours(**{name: each[episodes] for name, each in vars(self).items()})

    def put(self, episodes: Tensor, fresh: ExactNeighbours) -> None:
        """Take up what is known of new pools in the place of ``episodes`` (long)."""
        for name, each in vars(self).items():
            each[episodes] = getattr(fresh, name)


def sample_of(records: int) -> Tensor:
    """Return the positions of the records that stand for a large pool, at random.

    The same ones for all of its size.

    >>> len(sample_of(100_000)), sample_of(100_000).equal(sample_of(100_000))
    (1024, True)
    """
    return torch.from_numpy(generator([records], "sparsity").permutation(records)[:_SAMPLE])


def mean_distance(distance: Tensor) -> Tensor:
    """Return the mean over the columns of ``distance`` (m, n), (m,); zero without columns.

    One by one, as Geometry sums them.

    >>> mean_distance(torch.tensor([[1.0, 2.0]])).tolist()
    [1.5]
    """
    total = distance.new_zeros(len(distance))
    for column in distance.unbind(1):
        total = total + column
    return total / max(1, distance.shape[1])


def _nearest(pool: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return distances and positions of the nearest others of ``rows`` (m,) of a pool (N, D), (m, n) each."""
    records, step = len(pool), max(1, _MEASURED // max(1, pool.shape[1]))
    minima = _group_minima(pool, rows)
    groups = minima.topk(min(_GROUPS, minima.shape[1]), largest=False).indices.sort(1).values
    members = (groups[..., None] * _GROUP + torch.arange(_GROUP, device=rows.device)).flatten(1)
    none = (members >= records) | (members == rows[:, None])
    members = members.clamp_max(records - 1)
    parts = zip(rows.split(step), members.split(step), strict=True)
    distance = torch.cat([distance_between(pool[some][:, None], pool[theirs])[:, 0] for some, theirs in parts])
    distance, place = nearest(distance.masked_fill(none, torch.inf), min(NEIGHBOURS, records - 1))
    return distance, members.gather(1, place)


def _group_minima(pool: Tensor, rows: Tensor) -> Tensor:
    """Return how near the nearest record of each group lies to ``rows`` (m,) of a pool (N, D), (m, groups).

    As squared distances but for the row's own square, which changes no order.
    """
    squares, columns = pool.square().sum(1, keepdim=True), pool[rows].T
    step, minima = _PRODUCTS // max(_GROUP, len(rows)) // _GROUP * _GROUP, []
    for records, their in zip(pool.split(step), squares.split(step), strict=True):
        # Rows last: minima over the records are then taken of many rows at once.
        order = torch.addmm(their, records, columns, alpha=-2)
        whole = len(order) // _GROUP * _GROUP
        minima.append(order[:whole].unflatten(0, (-1, _GROUP)).amin(1))
        if whole < len(order):
            minima.append(order[whole:].amin(0, keepdim=True))
    return torch.cat(minima).T
