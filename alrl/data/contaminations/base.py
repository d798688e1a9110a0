"""Pools that are not clean: what is wrong with which record is known for scoring, and hidden from whoever queries."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alrl.data.pool_truth import CLEAN, PoolTruth
from alrl.data.split import Split
from alrl.errors import InvalidRecipeError
from alrl.numerics.streams import generator
from alrl.recipes.registry import Named, Registry


@dataclass(frozen=True, kw_only=True, eq=False)
class PoolRows:
    """The records of a pool while it is being contaminated; n of them."""

    X: NDArray[np.float64]
    """Features as they came, (n, D)."""
    y: NDArray[np.int64]
    """The class that annotators take for true, (n,)."""
    row: NDArray[np.int64]
    """Row in the data set, -1 for a record that is in none, (n,)."""
    kind: NDArray[np.int8]
    """What is wrong with it, (n,): see :data:`alrl.data.pool_truth.KINDS`."""
    group: NDArray[np.int64]
    """Records of one number are copies of one another, (n,)."""
    missing: tuple[int, ...] = ()
    """Classes that the first sample lacks."""

    @classmethod
    def of(cls, split: Split) -> PoolRows:
        """Return the clean pool of a split."""
        rows = split.pool
        clean = np.full(len(rows), CLEAN, dtype=np.int8)
        return cls(X=split.data_set.X[rows], y=split.data_set.y[rows], row=rows, kind=clean, group=np.arange(len(rows)))

    def take(self, places: NDArray[np.int64]) -> PoolRows:
        """Return some of the records, in that order."""
        kept = {name: getattr(self, name)[places] for name in ("X", "y", "row", "kind", "group")}
        return dataclasses.replace(self, **kept)

    def joined(
        self, X: NDArray[np.float64], y: NDArray[np.int64], *, kind: int, group: NDArray[np.int64] | None = None
    ) -> PoolRows:
        """Return the same with more records, which are in no data set, of one ``kind``.

        Each alone in its group by default.
        """
        count = len(X)
        own = int(self.group.max(initial=0)) + 1 + np.arange(count) if group is None else group
        return dataclasses.replace(
            self,
            X=np.concatenate([self.X, X]),
            y=np.concatenate([self.y, y]),
            row=np.concatenate([self.row, np.full(count, -1)]),
            kind=np.concatenate([self.kind, np.full(count, kind, dtype=np.int8)]),
            group=np.concatenate([self.group, own]),
        )


class Contamination(Named):
    """One thing that is wrong with a pool: a function of the pool and a generator."""

    name: ClassVar[str]
    """The kind in recipes, such as ``out-of-domain``."""

    @abstractmethod
    def apply(self, pool: PoolRows, classes: int, rng: np.random.Generator) -> PoolRows:
        """Return the contaminated pool of a data set of ``classes`` classes.

        Classes of its records are 0 to ``classes`` - 1.
        """


def added(records: int, share: float) -> int:
    """Return how many records to add, to make up ``share`` of all.

    >>> added(90, 0.1), added(100, 0.0)
    (10, 0)
    """
    return round(records * share / (1 - share))


def check_share(name: str, value: float) -> None:
    """Raise InvalidRecipeError unless ``value``, which recipes call ``name``, is 0 or above and below 1."""
    if not 0 <= value < 1:
        raise InvalidRecipeError(f"contamination: {name} = {value:g} is not allowed; give a number from 0 to below 1")


def contaminate(split: Split, seed: Sequence[int], contaminations: Sequence[Contamination]) -> Split:
    """Return the split with a contaminated pool, by the stream ``contamination`` of ``seed``, one thing after another.

    Validation and test part stay as they are. Records that are added get row numbers beyond the data set's own and
    places among the others by chance; records that stay keep their order. The truth is in ``Split.truth``.

    >>> from alrl.data.contaminations import Duplicates
    >>> from alrl.data.data_set import DataSet
    >>> from alrl.data.split import draw_split
    >>> split = draw_split(DataSet.from_arrays(np.zeros((20, 1)), [0, 1] * 10), [7])
    >>> dirty = contaminate(split, [7], [Duplicates(share=0.5)])
    >>> len(split.pool), len(dirty.pool), np.bincount(dirty.truth.kind).tolist()
    (10, 20, [10, 0, 0, 10])
    """
    if not contaminations:
        return split
    pool = PoolRows.of(split)
    for number, contamination in enumerate(contaminations):
        pool = contamination.apply(pool, split.data_set.n_classes, generator([*seed, number], "contamination"))
    new = np.flatnonzero(pool.row < 0)
    if len(new):
        # Where a record stands in the pool must not betray that it was added.
        order = generator(seed, "contamination").permutation(len(pool.row))
        old = np.flatnonzero(~np.isin(order, new))
        order[old] = np.flatnonzero(pool.row >= 0)
        pool = pool.take(order)
    return _split_of(split, pool)


def _split_of(split: Split, pool: PoolRows) -> Split:
    data, fresh = split.data_set, pool.row < 0
    y = data.y.copy()
    y[pool.row[~fresh]] = pool.y[~fresh]
    rows = pool.row.copy()
    rows[fresh] = data.n_records + np.arange(int(fresh.sum()))
    changed = dataclasses.replace(
        data,
        X=np.concatenate([data.X, pool.X[fresh]]),
        y=np.concatenate([y, pool.y[fresh]]),
        # Records that are added have no row in a table.
        columns=None if fresh.any() else data.columns,
    )
    truth = PoolTruth(kind=pool.kind, group=pool.group, eligible=np.flatnonzero(~fresh), missing=pool.missing)
    return dataclasses.replace(split, data_set=changed, pool=rows, truth=truth)


CONTAMINATIONS: Registry[Contamination] = Registry(
    Contamination,  # type: ignore[type-abstract]
    package="alrl.data.contaminations",
    noun="contamination",
)
"""What can be wrong with a pool, by name: a file in this package with a subclass is registered."""
contaminations, make_contamination = CONTAMINATIONS.all, CONTAMINATIONS.make
