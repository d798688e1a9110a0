"""Three disjoint parts of a data set: what is queried, what the reward sees, what the final score sees."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.data.pool_truth import PoolTruth
from alrl.errors import InvalidDataError, InvalidRecipeError, SmallTestPartWarning
from alrl.numerics.streams import generator

_PARTS = ("pool", "validation", "test")
_FEWEST_TESTED = 30
_warned_of: set[str] = set()
"""Fingerprints of the data sets that this process has warned of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Disjoint parts of a data set, as indices of its records in random order."""

    data_set: DataSet
    """What was split."""
    pool: NDArray[np.int64]
    """Records that may be queried, every class among them, (pool records,)."""
    validation: NDArray[np.int64]
    """Records that the reward is computed on, (validation records,)."""
    test: NDArray[np.int64]
    """Records that only the final score is computed on, (test records,)."""
    truth: PoolTruth | None = None
    """What is wrong with the records of a contaminated pool: for scoring, never for observing."""


def draw_split(
    data_set: DataSet,
    seed: Sequence[int],
    *,
    pool: float = 0.5,
    validation: float = 0.2,
    test: float = 0.3,
    max_pool: int | None = None,
    max_validation: int | None = None,
    max_test: int | None = None,
) -> Split:
    """Divide the records at random, stratified by class, with the stream ``split`` of ``seed``.

    Of a class of m records, a part of share s receives s m rounded down or up, and its size is about s times all
    records. A limit such as ``max_pool`` lowers the share of its part, so a part that is cut short is stratified too;
    records that no part asked for are left out. One departure, for classes of few records: every class has a record in
    the pool (taken from the unused ones, else from the part that has most of the class). A class of one record is then
    in the pool alone, and validation or test may lack such a class. Duplicate rows may fall into different parts.

    Raises InvalidRecipeError for a share that is not above 0, shares that sum to more than 1 and a limit below 1 (below
    the number of classes for the pool); InvalidDataError if a part would be empty.

    >>> data = DataSet.from_arrays(np.zeros((20, 1)), [0] * 10 + [1] * 10)
    >>> split = draw_split(data, [7])
    >>> len(split.pool), len(split.validation), len(split.test), int(data.y[split.pool].sum())
    (10, 4, 6, 5)
    """
    shares = dict(zip(_PARTS, (pool, validation, test), strict=True))
    limits = dict(zip(_PARTS, (max_pool, max_validation, max_test), strict=True))
    _check(shares, limits, data_set)
    caps = np.array([data_set.n_records if limits[part] is None else limits[part] for part in _PARTS], dtype=np.int64)
    effective = np.minimum([shares[part] for part in _PARTS], caps / data_set.n_records)
    counts = _allocate(np.bincount(data_set.y, minlength=data_set.n_classes), effective, caps)
    for part, size in zip(_PARTS, counts.sum(0), strict=False):
        if size == 0:
            raise InvalidDataError(
                f"the {part} part of {data_set.name!r} would be empty: a share of {shares[part]:g} of"
                f" {data_set.n_records} records; raise the share or take a larger data set"
            )
    parts = _deal(data_set.y, counts, generator(seed, "split"))
    return Split(data_set=data_set, pool=parts[0], validation=parts[1], test=parts[2])


def warn_if_small(data_set: DataSet, split: Mapping[str, Any], *, stacklevel: int = 2) -> None:
    """Warn with SmallTestPartWarning where scores say little; of each data set once in a process.

    That is: the test part has below 30 records, or a class has one, which is never tested. ``split`` are settings of
    :func:`draw_split`.
    """
    if data_set.fingerprint in _warned_of:
        return
    tested = len(draw_split(data_set, [0], **split).test)
    sizes = np.bincount(data_set.y, minlength=data_set.n_classes).tolist()
    single = [name for name, size in zip(data_set.class_names, sizes, strict=True) if size == 1]
    reasons = []
    if tested < _FEWEST_TESTED:
        reasons.append(f"the test part has {tested} records, each of them {100 / tested:.1f} points of accuracy")
    if single:
        more = ", ..." if len(single) > 5 else ""
        reasons.append(f"a single record has class {', '.join(map(repr, single[:5]))}{more}, so it is never tested")
    if reasons:
        _warned_of.add(data_set.fingerprint)
        warnings.warn(
            f"{data_set.name}: {'; '.join(reasons)}; scores say little: label more records, or give the test part more"
            " of them",
            SmallTestPartWarning,
            stacklevel=stacklevel + 1,
        )


def _check(shares: dict[str, float], limits: dict[str, int | None], data_set: DataSet) -> None:
    for part, share in shares.items():
        if not share > 0:
            raise InvalidRecipeError(f"the share {part} = {share:g} is not allowed; give a number above 0 and up to 1")
    total = sum(shares.values())
    if not total <= 1 + 1e-9:
        raise InvalidRecipeError(f"the shares {shares} sum to {total:g}; lower them until they sum to at most 1")
    for part, limit in limits.items():
        if limit is not None and limit < 1:
            raise InvalidRecipeError(f"max_{part} = {limit} is not allowed; give at least 1, or None for no limit")
    pool_limit = limits["pool"]
    if pool_limit is not None and pool_limit < data_set.n_classes:
        raise InvalidRecipeError(
            f"max_pool = {pool_limit} cannot hold a record of each of the {data_set.n_classes} classes of"
            f" {data_set.name!r}; give at least {data_set.n_classes}"
        )


def _allocate(
    class_sizes: NDArray[np.int64], shares: NDArray[np.float64], caps: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return records of each class for pool, validation, test and no part, (classes, 4).

    Every class is rounded by itself; the records left over by rounding down go, at most one each, to the parts that are
    furthest behind their share so far, so that the sizes of the parts stay close to their shares.
    """
    target = class_sizes[:, None] * np.append(shares, max(0.0, 1 - shares.sum()))
    counts: NDArray[np.int64] = np.floor(target + 1e-9).astype(np.int64)
    behind = np.zeros(4)
    for row, wanted, size in zip(counts, target, class_sizes, strict=True):
        deficit = behind + wanted - row
        # A part whose share of this class is whole is not rounded at all.
        deficit[wanted - row < 1e-9] = -np.inf
        row[np.argsort(-deficit, kind="stable")[: size - row.sum()]] += 1
        behind += wanted - row
    for row in counts:
        if row[0] == 0:
            row[3 if row[3] else 1 + int(row[1:3].argmax())] -= 1
            row[0] = 1
    _trim(counts, target, caps)
    return counts


def _trim(counts: NDArray[np.int64], target: NDArray[np.float64], caps: NDArray[np.int64]) -> None:
    for part, cap in enumerate(caps):
        least = 1 if part == 0 else 0
        while counts[:, part].sum() > cap:
            excess = np.where(counts[:, part] > least, counts[:, part] - target[:, part], -np.inf)
            counts[excess.argmax(), part] -= 1
            counts[excess.argmax(), 3] += 1


def _deal(y: NDArray[np.int64], counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.int64], ...]:
    order = rng.permutation(len(y))
    by_class: NDArray[np.int64] = order[np.argsort(y[order], kind="stable")]
    part = np.repeat(np.tile(np.arange(4), len(counts)), counts.ravel())
    # A second shuffle, lest a record's place in its part betray its class.
    return tuple(rng.permutation(by_class[part == index]) for index in range(3))
