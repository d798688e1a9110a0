"""Choose which records of a large pool a strategy sees: those to pick from, and a sample of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidRecipeError
from alrl.large_pool.pool import LargePool


@dataclass(frozen=True, kw_only=True)
class Preselection:
    """Numbers of records that a strategy sees of a large pool.

    Beside the sample it sees the ``batch + surplus`` unlabelled records that the learner is least sure of, and as many
    that chance would pick. A share of the pool, as features tell it, is a share of these records: the larger the sample
    beside the batch, the smaller the excess of unsure ones (2 % for the defaults and a batch of 100).

    Raises InvalidRecipeError if ``sample`` is below 1 or ``surplus`` below 0.
    """

    sample: int = 8_192
    """Records drawn at random once, which stand for the pool in ranks and means."""
    surplus: int = 64
    """Records beyond the batch that are seen because the learner is unsure of them, and as many by chance."""

    def __post_init__(self) -> None:
        if self.sample < 1 or self.surplus < 0:
            raise InvalidRecipeError(
                f"preselection: sample = {self.sample}, surplus = {self.surplus} given; give at least 1 and 0"
            )


def smallest(
    value: NDArray[np.float32], luck: NDArray[np.float32], free: NDArray[np.bool_], count: int
) -> NDArray[np.int64]:
    """Return positions, ascending, of the ``count`` records of smallest ``value`` (N,) among the ``free`` (N,).

    Of equal values those of more ``luck`` (N,), as strategies break ties. Fewer where fewer are free.

    >>> value, luck = np.array([3, 1, 1, 1, 0], dtype=np.float32), np.array([0, 0.1, 0.9, 0.5, 0], dtype=np.float32)
    >>> smallest(value, luck, np.array([True, True, True, True, False]), 2).tolist()
    [2, 3]
    """
    open_to_choice = np.flatnonzero(free)
    values = value[open_to_choice]
    if len(values) > count > 0:
        limit = np.partition(values, count - 1)[count - 1]
        open_to_choice = open_to_choice[values <= limit]
        order = np.lexsort((-luck[open_to_choice], value[open_to_choice]))
        open_to_choice = open_to_choice[order[:count]]
    return np.sort(open_to_choice[:count])


def unsure_or_lucky(
    pool: LargePool,
    certainty: NDArray[np.float32],
    luck: NDArray[np.float32],
    free: NDArray[np.bool_],
    count: int,
    *,
    apart_from: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return positions, ascending, of the ``count`` free records of least ``certainty`` and the ``count`` of most luck.

    Copies of one record, or of those ``apart_from``, take no places of others: more are returned where there are any.

    >>> pool = LargePool(np.array([[1.0], [1.0], [2.0], [3.0]], dtype=np.float32))
    >>> certainty, luck = np.array([[0, 0, 0.5, 1], [0.9, 0.1, 0.2, 0.3]], dtype=np.float32)
    >>> none, free = np.zeros(0, dtype=np.int64), np.ones(4, dtype=bool)
    >>> unsure_or_lucky(pool, certainty, luck, free, 2, apart_from=none).tolist()
    [0, 1, 2, 3]
    """
    unsure = smallest(certainty, luck, free, count)
    more = count
    while _distinct(pool, unsure, apart_from) < min(count, len(unsure)) and more < int(free.sum()):
        more *= 2
        unsure = smallest(certainty, luck, free, more)
    return np.union1d(unsure, smallest(-luck, luck, free, count))


def _distinct(pool: LargePool, at: NDArray[np.int64], apart_from: NDArray[np.int64]) -> int:
    """Return how many of the records ``at`` (m,) differ from each other and from those ``apart_from``."""
    rows = {row.tobytes() for row in pool.raw(at)}
    return len(rows - {row.tobytes() for row in pool.raw(apart_from)})
