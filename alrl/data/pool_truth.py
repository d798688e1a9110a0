"""Faults of the records of a pool, and the share of a budget that was spent on records that teach nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KINDS = ("useful", "mislabelled", "out of domain", "duplicate")
"""What a record is, in the order of the codes 0 to 3."""
CLEAN, MISLABELLED, OUT_OF_DOMAIN, DUPLICATE = range(4)


@dataclass(frozen=True, kw_only=True, eq=False)
class PoolTruth:
    """Faults of each record of a pool of N: for scoring, never for observing."""

    kind: NDArray[np.int8]
    """A code of :data:`KINDS`, (N,); a duplicate is the copy, not what it was made of."""
    group: NDArray[np.int64]
    """Records of one number are copies of one another, (N,)."""
    eligible: NDArray[np.int64]
    """Positions of the records that the first sample is drawn from: those that were in the pool before."""
    missing: tuple[int, ...] = ()
    """Classes that the first sample lacks."""

    def wasted(self, picks: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return what each of the records at positions ``picks`` (T,) was when it was bought, in that order.

        (T,), codes.

        Mislabelled and out-of-domain records are so whenever they are bought; a record is a duplicate if a copy of it,
        or what it is a copy of, was bought before or is in the ``first`` sample. -1 where nothing was bought.

        >>> truth = PoolTruth(kind=np.array([0, 3, 2, 0], dtype=np.int8), group=np.array([0, 0, 2, 3]),
        ...                   eligible=np.array([0, 3]))
        >>> truth.wasted(np.array([1, 0, 2, -1]), np.array([3])).tolist()
        [0, 3, 2, -1]
        """
        place = np.maximum(picks, 0)
        kind = np.where(self.kind[place] == DUPLICATE, CLEAN, self.kind[place]).astype(np.int8)
        bought = np.concatenate(
            [self.group[first], np.where(picks >= 0, self.group[place], -1 - np.arange(len(picks)))]
        )
        _, earliest, which = np.unique(bought, return_index=True, return_inverse=True)
        before = earliest[which] < np.arange(len(bought))
        kind[before[len(first) :] & (kind == CLEAN)] = DUPLICATE
        return np.where(picks >= 0, kind, -1).astype(np.int8)
