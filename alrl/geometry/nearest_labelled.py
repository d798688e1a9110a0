"""Labelled records nearest to those of a pool, brought up to date as labels arrive."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.geometry.distances import distance_between, nearest
from alrl.numerics.backend import arrays, compiles
from alrl.numerics.ranking import rows_at

NEAREST = 3


class NearestLabelled:
    """The three labelled records nearest to each record of B pools.

    On the processor a record is measured against a new label once, not against all labels in every round. Where few
    records are asked about, measuring these alone costs less at first: the whole pool is followed as soon as as much
    has been spent on such answers. Both ways answer the same to the last bit.

    Args:
        features: of the pools, (B, N, D).
        columns: the same stored column by column, (B, D, N).

    >>> line = torch.tensor([[[0.0], [1.0], [3.0]]])
    >>> nearest = NearestLabelled(line, line.transpose(1, 2))
    >>> nearest.of(torch.tensor([[1]]), torch.tensor([[2, 0]]), torch.ones(1, 2, dtype=torch.bool))[0]
    tensor([[[1, 0]]])
    """

    def __init__(self, features: Tensor, columns: Tensor) -> None:
        self._features, self._columns, self._spent = features, columns, 0
        self._followed: tuple[Tensor, Tensor] | None = None
        self._listed = torch.zeros(len(features), 0, dtype=torch.long)
        self._known = torch.zeros(len(features), dtype=torch.long)

    def of(self, index: Tensor, listed: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Return the places in ``listed`` (B, L) of those nearest to each of ``index`` (B, K), and which there are.

        (B, K, min(3, L)) each, the nearest first; of records at equal distance the first listed comes first. ``real``
        (B, L) marks what is no padding.
        """
        count = min(NEAREST, listed.shape[1])
        if not compiles(self._features):
            points, others = rows_at(self._features, index), rows_at(self._features, listed)
            distance = distance_between(points, others).masked_fill(~real[:, None, :], torch.inf)
            closest, place = nearest(distance, count)
            return place, closest.isfinite()
        from alrl.geometry.compiled_geometry import nearest_listed

        place = torch.empty(*index.shape, count, dtype=torch.long)
        present = torch.empty(place.shape, dtype=torch.bool)
        if count < NEAREST or not self._follow(index, listed, real, place, present):
            nearest_listed(*arrays(self._features, index, listed, real, place, present))
        return place, present

    def _follow(self, index: Tensor, listed: Tensor, real: Tensor, place: Tensor, present: Tensor) -> bool:
        """Answer from what is known of all records, brought up to date, if that costs less than was spent."""
        from alrl.geometry.compiled_geometry import follow, outstanding

        (B, N, _), size = self._features.shape, listed.shape[1]
        if size > self._listed.shape[1]:
            self._listed = pad(self._listed, (0, 2 * size - self._listed.shape[1]))
        given, kept = arrays(listed, real), arrays(self._listed, self._known)
        left = outstanding(*given, *kept)
        self._spent += index.numel() * size
        if left < 0 or left * N > self._spent:
            return False
        if self._followed is None:
            self._followed = self._features.new_empty(B, N, NEAREST), torch.empty(B, N, NEAREST, dtype=torch.long)
        follow(*arrays(self._columns, index), *given, kept, arrays(*self._followed), *arrays(place, present))
        return True

    def forget(self, episodes: Tensor) -> None:
        """Measure the pools ``episodes`` (long), which have been overwritten, anew."""
        self._known[episodes] = 0
