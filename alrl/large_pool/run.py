"""An experiment on a large pool whose labels are known: the loop played to its end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.large_pool.loop import LargePoolLoop
from alrl.numerics.arguments import whole_number
from alrl.numerics.streams import generator


@dataclass(frozen=True, kw_only=True, eq=False)
class LargePoolRun:
    """Purchases of a run, and the scores that they led to."""

    first: NDArray[np.int64]
    """Positions of the records labelled at the start."""
    picks: tuple[NDArray[np.int64], ...]
    """Positions of the records that each round bought, in order."""
    seconds: NDArray[np.float64]
    """Wall time of each round: fit, pass over the pool, choice and taking the labels, (loops,)."""
    accuracy: NDArray[np.float64] | None
    """Share of the test records classified correctly before the first round and after each, (loops + 1,)."""


def run_large_pool(
    loop: LargePoolLoop,
    y: ArrayLike,
    *,
    batch_size: int,
    loops: int,
    first: Sequence[int] | NDArray[np.int64] | None = None,
    test: tuple[NDArray[np.generic], ArrayLike] | None = None,
) -> LargePoolRun:
    """Play ``loops`` loops of ``batch_size`` records each with the pool's true classes ``y`` (N,).

    Args:
        loop: one in which nothing is labelled yet.
        y: class of every record of the pool; no strategy sees it.
        batch_size: records bought in each round.
        loops: their number; the run ends earlier if the pool or the budget runs out.
        first: positions labelled at the start; by default one record of each class, of the stream ``first sample``.
        test: records (m, D), given as those of the pool are stored, and their classes (m,), to score the learner on.

    Raises InvalidDataError if ``y`` has another length than the pool or ``test`` is no such pair, InvalidQueryError if
    ``loops`` or ``batch_size`` is no whole number of at least 1, or the loop is under way.

    >>> from alrl.large_pool.pool import LargePool
    >>> pool = LargePool(np.arange(8.0)[:, None])
    >>> loop = LargePoolLoop(pool, classes=["low", "high"], labels=2, seed=1)
    >>> y = np.repeat(["low", "high"], 4)
    >>> played = run_large_pool(loop, y, batch_size=1, loops=2, test=(np.array([[2.0], [5.0]]), ["low", "high"]))
    >>> len(played.picks), played.accuracy.shape
    (2, (3,))
    """
    classes = np.asarray(y)
    if classes.shape != (loop.pool.n_records,):
        raise InvalidDataError(f"y has shape {classes.shape}; the pool has {loop.pool.n_records} records")
    loops, batch_size = whole_number("loops", loops, least=1), whole_number("batch_size", batch_size, least=1)
    if len(loop.labelled_set.index):
        raise InvalidQueryError(f"{len(loop.labelled_set.index)} records of the loop are labelled; give a new loop")
    _check_test(test, loop)
    start = one_of_each_class(classes, loop.seed) if first is None else np.asarray(first, dtype=np.int64)
    loop.label(start, classes[start])
    picks, seconds, accuracy = [], [], []
    for _ in range(min(loops, -(-min(int(loop.labelled_set.free.sum()), loop.labels_left) // batch_size))):
        began = time.perf_counter()
        picks.append(loop.query(min(batch_size, loop.labels_left)))
        queried = time.perf_counter()
        accuracy += _accuracy(loop, test)
        answered = time.perf_counter()
        loop.label(picks[-1], classes[picks[-1]])
        seconds.append(time.perf_counter() - answered + queried - began)
    accuracy += _accuracy(loop, test)
    return LargePoolRun(
        first=start,
        picks=tuple(picks),
        seconds=np.array(seconds),
        accuracy=np.array(accuracy) if test is not None else None,
    )


def one_of_each_class(y: NDArray[np.generic], seed: Sequence[int]) -> NDArray[np.int64]:
    """Return the positions of one record of each class of ``y`` (N,), in the order of the classes.

    The stream ``first sample``.

    >>> y = np.array(["b", "a", "b", "a"])
    >>> y[one_of_each_class(y, [0])].tolist()
    ['a', 'b']
    """
    order = generator(seed, "first sample").permutation(len(y))
    _, first = np.unique(y[order], return_index=True)
    return np.asarray(order[first], dtype=np.int64)


def _check_test(test: Any, loop: LargePoolLoop) -> None:
    """Raise InvalidDataError for test records that are not those of a pair (records, classes) like the pool's."""
    if test is None:
        return
    pool, classes = loop.pool, loop.labelled_set.classes
    shapes = [np.shape(part) for part in test] if isinstance(test, tuple | list) else [np.shape(test)]
    if len(shapes) != 2 or len(shapes[0]) != 2 or shapes[0][1] != pool.n_features or shapes[1] != shapes[0][:1]:
        raise InvalidDataError(
            f"test of shapes {shapes} given; give a pair of records (m, {pool.n_features}) and their classes (m,)"
        )
    if not np.isfinite(np.asarray(test[0], dtype=np.float64)).all():
        raise InvalidDataError("test records hold missing or infinite values; impute them, or drop the records")
    strange = sorted({str(label) for label in np.asarray(test[1]).tolist() if label not in classes})
    if strange:
        raise InvalidDataError(f"test labels {', '.join(strange[:3])} given; the classes are {list(classes)}")


def _accuracy(loop: LargePoolLoop, test: tuple[NDArray[np.generic], ArrayLike] | None) -> list[float]:
    if test is None:
        return []
    X, y = test
    likeliest = loop.predict_proba(X).argmax(1).tolist()
    truth = np.asarray(y).tolist()
    return [
        float(np.mean([loop.labelled_set.classes[code] == label for code, label in zip(likeliest, truth, strict=True)]))
    ]
