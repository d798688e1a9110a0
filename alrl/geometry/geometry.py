"""Distances and neighbours among pool records: computed once a pool, brought up to date as labels arrive."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from alrl.geometry.copies import copy_groups
from alrl.geometry.distances import NEIGHBOURS, distance_between, nearest
from alrl.geometry.nearest_labelled import NearestLabelled
from alrl.geometry.neighbour_index import EXACT_RECORDS
from alrl.numerics.backend import compiles
from alrl.numerics.ranking import rows_at
from alrl.numerics.streams import generator

if TYPE_CHECKING:
    from alrl.geometry.exact_neighbours import ExactNeighbours

_BLOCK = 4_000_000
_SIMILAR = 1024
"""Records that a large pool's similarity is estimated on."""


class Geometry:
    """Euclidean geometry of the pools of B episodes.

    Nothing here keeps a matrix of records by records: distances are taken in blocks, and what stays is ten neighbours a
    record and one distance to the nearest known record. In pools of more than 20,000 records nothing takes time that
    grows with their square either: neighbours are looked up for those records that are asked for; where all are, they
    come from an approximate index, built for each pool by itself; similarity and the ranks of sparsity are estimated on
    1,024 records (``docs/large-pools.md`` says how well). Smaller pools are exact, whatever others share the call.

    >>> pools = torch.tensor([[[0.0], [1.0], [3.0]]])
    >>> geometry = Geometry(pools, torch.ones(1, 3, dtype=torch.bool))
    >>> geometry.distance_to(torch.tensor([[True, False, False]]))
    tensor([[0., 1., 3.]])
    """

    def __init__(self, features: Tensor, exists: Tensor, columns: Tensor | None = None) -> None:
        self.features = features
        self.exists = exists
        self._columns = columns
        self._nearest = features.new_full(exists.shape, torch.inf)
        self._known = torch.zeros_like(exists)

    def distance_from(self, index: Tensor) -> Tensor:
        """Return the distance of every record to each record of ``index`` (B, m), of shape (B, N, m)."""
        if index.shape[1] == 1 and compiles(self.features):
            single = torch.zeros_like(self.exists).scatter(1, index, value=True)
            return self._lowered(self.features.new_full(single.shape, torch.inf), single)[..., None]
        return distance_between(self.features, rows_at(self.features, index))

    def distance_to(self, known: Tensor) -> Tensor:
        """Return distance of every record to the nearest record marked in ``known`` (B, N); infinite if none is marked.

        Keeps the answer and only measures the distance to records that were not known at the last call.
        """
        if bool((self._known & ~known).any()):
            # Not in place: a view of an earlier round may still hold the answer that it was given.
            forgotten = (self._known & ~known).any(1, keepdim=True)
            self._nearest = self._nearest.masked_fill(forgotten, torch.inf)
            self._known = self._known & ~forgotten
        fresh = known & ~self._known
        if compiles(self.features):
            if bool(fresh.any()):
                self._nearest = self._lowered(self._nearest.clone(), fresh).masked_fill(known, 0.0)
                self._known = known.clone()
            return self._nearest
        most = int(fresh.sum(1).max())
        if most:
            order = fresh.to(torch.float32).topk(most, 1).indices
            valid = fresh.gather(1, order)
            for start, stop in self._blocks(most):
                distance = self.distance_from(order[:, start:stop])
                distance = distance.masked_fill(~valid[:, None, start:stop], torch.inf).amin(-1)
                self._nearest = torch.minimum(self._nearest, distance)
            self._nearest = self._nearest.masked_fill(known, 0.0)
            self._known = known.clone()
        return self._nearest

    def _lowered(self, nearest: Tensor, fresh: Tensor) -> Tensor:
        """Lower ``nearest`` (B, N), in place, to the distance to the records of ``fresh`` where they are nearer."""
        from alrl.geometry.compiled_geometry import approach

        approach(self._by_column.numpy(), fresh.numpy(), nearest.numpy())
        return nearest

    @property
    def _by_column(self) -> Tensor:
        """The features stored column by column, (B, D, N)."""
        if self._columns is None:
            self._columns = self.features.transpose(1, 2).contiguous()
        return self._columns

    def _blocks(self, points: int) -> list[tuple[int, int]]:
        step = max(1, _BLOCK // max(1, self.exists.numel()))
        return [(start, min(points, start + step)) for start in range(0, points, step)]

    @cached_property
    def _large(self) -> Tensor:
        """Which episodes have too many records for every pair of them, (B,), bool."""
        return self.exists.sum(1) > EXACT_RECORDS

    @cached_property
    def neighbours(self) -> tuple[Tensor, Tensor]:
        """Distances and positions of the nearest other records, each (B, N, min(10, N - 1)), the nearest first.

        Where a pool has fewer other records than that, the last distances are zero and their positions mean nothing:
        :attr:`neighbour_mask` tells. Neighbours at equal distance come in the order of their positions.
        """
        if not bool(self._large.any()):
            return self._all_neighbours()
        from alrl.geometry.neighbour_index import indexed_neighbours

        count = min(NEIGHBOURS, self.exists.shape[1] - 1)
        distance = self.features.new_zeros(*self.exists.shape, count)
        index = torch.zeros_like(distance, dtype=torch.long)
        for episode, large in enumerate(self._large.tolist()):
            alone = self._alone(episode)
            neighbours = indexed_neighbours(alone.features) if large else alone._all_neighbours()
            for kept, new in zip((distance, index), neighbours, strict=True):
                kept[episode, : new.shape[1], : new.shape[2]] = new[0]
        return distance, index

    def _alone(self, episode: int) -> Geometry:
        """Return one episode's geometry without padding."""
        records = int(self.exists[episode].sum())
        return Geometry(self.features[episode : episode + 1, :records], self.exists[episode : episode + 1, :records])

    def _all_neighbours(self) -> tuple[Tensor, Tensor]:
        """From the distances of all pairs."""
        count = min(NEIGHBOURS, self.features.shape[1] - 1)
        if compiles(self.features):
            from alrl.geometry.compiled_geometry import all_neighbours

            apart = self.features.new_empty(*self.exists.shape, count)
            place = torch.empty(*self.exists.shape, count, dtype=torch.long)
            if count:
                all_neighbours(self._by_column.numpy(), self.exists.numpy(), apart.numpy(), place.numpy())
            return apart, place
        distances, indices = [], []
        for start, stop in self._blocks(self.exists.shape[1]):
            block = distance_between(self.features[:, start:stop], self.features)
            block = block.masked_fill(~self.exists[:, None, :], torch.inf)
            own = torch.arange(start, stop, device=block.device)
            block[:, own - start, own] = torch.inf
            closest, position = nearest(block, count)
            distances.append(closest)
            indices.append(position)
        distance, index = torch.cat(distances, 1), torch.cat(indices, 1)
        return torch.where(distance.isfinite(), distance, torch.zeros_like(distance)), index

    @cached_property
    def nearest_labelled(self) -> NearestLabelled:
        """The labelled records nearest to others, by the order in which they were labelled."""
        return NearestLabelled(self.features, self._by_column)

    @cached_property
    def copies(self) -> Tensor | None:
        """Position of the first record of equal features, (B, N), long; None where no two records are equal."""
        # Column by column, where they are there: each is read as one piece.
        by_column = self.features if self._columns is None else self._columns.transpose(1, 2)
        return copy_groups(by_column, self.exists)

    @property
    def neighbour_mask(self) -> Tensor:
        """Which columns of :attr:`neighbours` the pool has enough other records for, (B, min(10, N - 1)), bool."""
        columns = torch.arange(min(NEIGHBOURS, self.exists.shape[1] - 1), device=self.exists.device)
        return columns < self.exists.sum(1, keepdim=True) - 1

    @cached_property
    def sparsity(self) -> Tensor:
        """Mean distance to the nearest other records, (B, N); zero in a pool of one record."""
        total = torch.zeros_like(self.features[..., 0])
        # One by one: a sum over the axis rounds as the number of columns has it, and so breaks ties by padding.
        for distance in self.neighbours[0].unbind(-1):
            total = total + distance
        return total / self.neighbour_mask.sum(1, keepdim=True).clamp_min(1)

    def neighbours_at(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return distances and positions of the nearest others, (B, N, n) each, of the records at ``index`` (B, ...).

        In pools of up to 20,000 records they are :attr:`neighbours`. In larger ones they are looked up, exactly, for
        the records at ``index`` alone: what is said of others is undefined.
        """
        if not bool(self._large.any()):
            return self.neighbours
        self._looked_up.look_up(index.flatten(1), self.features, self.exists)
        return self._looked_up.distance, self._looked_up.index

    def sparsity_at(self, index: Tensor) -> Tensor:
        """Return the same of the sparsity, (B, N).

        It is that of the records at ``index`` and of those :attr:`sampled`.
        """
        if not bool(self._large.any()):
            return self.sparsity
        self._looked_up.look_up(index.flatten(1), self.features, self.exists)
        return self._looked_up.sparsity

    @property
    def sampled(self) -> Tensor:
        """Which records stand for their pool in ranks and means of :meth:`sparsity_at`, (B, N), bool.

        All of them; in a pool of more than 20,000 records 1,024 at random, the same ones for pools of one size.
        """
        return self._looked_up.sampled if bool(self._large.any()) else self.exists

    @cached_property
    def _looked_up(self) -> ExactNeighbours:
        """What was looked up in large pools, and all neighbours in small ones beside them."""
        from alrl.geometry.exact_neighbours import ExactNeighbours

        exact = ExactNeighbours.of(self.features, self.exists, large=self._large)
        for episode in (~self._large).nonzero()[:, 0].tolist():
            alone = self._alone(episode)
            exact.keep(episode, alone.exists[0].nonzero()[:, 0], *(each[0] for each in alone.neighbours))
        return exact

    @cached_property
    def similarity(self) -> Tensor:
        """Mean of 1 / (1 + distance) to all records of the pool, itself included, (B, N)."""
        if not bool(self._large.any()):
            return self._similarity_to(torch.arange(self.exists.shape[1], device=self.exists.device))
        similarity = torch.zeros_like(self.features[..., 0])
        for episode, large in enumerate(self._large.tolist()):
            alone = self._alone(episode)
            records = alone.exists.shape[1]
            some = generator([records], "similarity").permutation(records)[: _SIMILAR if large else records]
            to = torch.from_numpy(np.sort(some)).to(self.exists.device)
            similarity[episode, :records] = alone._similarity_to(to)[0]
        return similarity

    def _similarity_to(self, index: Tensor) -> Tensor:
        """Return the mean of 1 / (1 + distance) to the records at ``index`` (m,) that exist, (B, N)."""
        points, real = self.features[:, index], self.exists[:, None, index]
        total = []
        for start, stop in self._blocks(self.exists.shape[1]):
            block = 1 / (1 + distance_between(self.features[:, start:stop], points))
            total.append((block * real).sum(-1))
        return torch.cat(total, 1) / real.sum(-1).clamp_min(1)

    @cached_property
    def extent(self) -> Tensor:
        """Root mean squared distance between two records of the pool, (B,)."""
        # In double precision: how a sum rounds depends on how much padding it runs over.
        real, features = self.exists[..., None].double(), self.features.double()
        count = self.exists.sum(1).clamp_min(1)[:, None]
        mean = (features * real).sum(1) / count
        spread = ((features - mean[:, None]).square() * real).sum((1, 2)) / count[:, 0]
        return (2 * spread).sqrt().to(self.features.dtype)

    def take(self, episodes: Tensor, of: tuple[Tensor, Tensor, Tensor] | None = None) -> Geometry:
        """Of the pools ``episodes`` (long, repeats allowed); what is known already is not computed again.

        ``of`` is what the geometry is made of: their features, whether they exist, and the features by column.
        """
        part = Geometry(self.features[episodes], self.exists[episodes]) if of is None else Geometry(*of)
        part._nearest, part._known = self._nearest[episodes], self._known[episodes]
        for name in ("_large", "sparsity", "similarity", "extent"):
            if name in self.__dict__:
                part.__dict__[name] = self.__dict__[name][episodes]
        if "copies" in self.__dict__:
            part.__dict__["copies"] = None if self.copies is None else self.copies[episodes]
        if "neighbours" in self.__dict__:
            part.__dict__["neighbours"] = tuple(each[episodes] for each in self.neighbours)
        if "_looked_up" in self.__dict__:
            part.__dict__["_looked_up"] = self._looked_up.take(episodes)
        return part

    def renew(self, episodes: Tensor) -> None:
        """Take up new pools: the rows ``episodes`` (long) of ``features`` and ``exists`` have been overwritten."""
        self.__dict__.pop("_large", None)
        if self._columns is not None:
            self._columns[episodes] = self.features[episodes].transpose(1, 2)
        if "nearest_labelled" in self.__dict__:
            self.nearest_labelled.forget(episodes)
        self._nearest[episodes], self._known[episodes] = torch.inf, False
        if not self.__dict__.keys() & {"sparsity", "similarity", "extent", "copies", "neighbours", "_looked_up"}:
            return
        columns = None if self._columns is None else self._columns[episodes]
        fresh = Geometry(self.features[episodes], self.exists[episodes], columns)
        for name in ("sparsity", "similarity", "extent"):
            if name in self.__dict__:
                self.__dict__[name][episodes] = getattr(fresh, name)
        if "copies" in self.__dict__ and (self.copies is not None or fresh.copies is not None):
            place = torch.arange(self.exists.shape[1], device=self.exists.device)
            kept = place.expand_as(self.exists).clone() if self.copies is None else self.copies.clone()
            kept[episodes] = place if fresh.copies is None else fresh.copies
            self.__dict__["copies"] = kept
        if "neighbours" in self.__dict__:
            for kept, new in zip(self.neighbours, fresh.neighbours, strict=True):
                kept[episodes] = new
        if "_looked_up" in self.__dict__:
            self._looked_up.put(episodes, fresh._looked_up)
