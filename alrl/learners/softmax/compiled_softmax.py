"""Softmax regression of many episodes, one after another, compiled for the processor.

An episode is worked on at its own size: without padding, and without the classes without a labelled record. So its
result is the same to the last bit alone, in any batch and under any padding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.learners.softmax.batched_softmax import SMALL, WIDE
from alrl.learners.softmax.compiled_arithmetic import fill, marked, times
from alrl.learners.softmax.compiled_preconditioner import BLOCKS, RECORDS, WHOLE
from alrl.learners.softmax.compiled_solver import minimise
from alrl.learners.softmax.record_space import SPREAD
from alrl.learners.softmax.softmax_group import FLOOR
from alrl.numerics.backend import called, compiled


@compiled
def _width(X: Any, rows: Any) -> tuple[int, int]:
    """Return the last column in use, counted from one: those after it are zero, padding or not.

    And how many are in use.
    """
    last = used = 0
    for column in range(X.shape[1]):
        for row in rows:
            if X[row, column] != 0:
                last = column + 1
                used += 1
                break
    return last, used


@compiled
def _continues(X: Any, before: Any) -> bool:
    """Return whether the records X (n, D) are those of the last fit, ``before``, and perhaps more.

    A zero row is padding.
    """
    for row in range(len(before)):
        same, empty = row < len(X), True
        for column in range(before.shape[1]):
            empty = empty and before[row, column] == 0
            same = same and before[row, column] == X[row, column]
        if not (same or empty):
            return False
    return True


@compiled
def _columns(each: Any, seen: Any, out: Any) -> None:
    """Parameters of each class (k, q) as columns (c, q): of two classes seen their difference, else one a class."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = each[seen[1], j] - each[seen[0], j] if len(seen) == 2 else each[seen[i], j]


@compiled
def _of_classes(columns: Any, seen: Any, out: Any) -> None:
    """Columns (c, q) as parameters of each class (k, q), zero for those not seen."""
    fill(out, 0)
    for i in range(columns.shape[0]):
        for j in range(columns.shape[1]):
            if len(seen) == 2:
                half = columns[0, j] / 2
                out[seen[0], j], out[seen[1], j] = -half, half
            else:
                out[seen[i], j] = columns[i, j]


@compiled
def _targets(labels: Any, weight: Any, seen: Any, out: Any) -> None:
    """Write the weight of each record where it is of a column's class, else 0, into ``out`` (c, n)."""
    c, n = out.shape
    for i in range(c):
        wanted = seen[1] if c == 1 else seen[i]
        for j in range(n):
            out[i, j] = weight[j] if labels[j] == wanted else 0


@compiled
def _room(kind: int, c: int, n: int, m: int, like: Any) -> tuple[Any, Any, Any, Any]:
    """Room for a preconditioner."""
    dtype = like.dtype
    size = n if kind == RECORDS else (c * m if kind == WHOLE else m)
    rows, columns = (n + 1, n) if kind == RECORDS else ((m, m) if kind == BLOCKS else (0, 0))
    pairs = n if kind == RECORDS else 0
    return (
        np.empty((size, size), dtype),
        np.empty((rows, columns), dtype),
        np.empty((c, pairs), dtype),
        np.empty(2, dtype),
    )


@compiled
def _start(kind: int, rows: Any, D: int, continues: bool, shares: Any, weights: Any, out: Any) -> None:
    """Parameters of each class (k, q) that the fit starts from: those of the last fit, or zero."""
    fill(out, 0)
    last = weights.shape[1] - 1
    for i in range(weights.shape[0]):
        if kind != RECORDS:
            for j in range(D):
                out[i, j] = weights[i, j]
            out[i, D] = weights[i, last]
        elif continues:
            stored = shares.shape[1] - 1
            for j in range(len(rows)):
                if rows[j] < stored:
                    out[i, j] = shares[i, rows[j]]
            out[i, len(rows)] = shares[i, stored]


@compiled
def _fit_one(
    X: Any,
    labelled: tuple[Any, Any, Any],
    weights: Any,
    before: tuple[Any, Any, bool],
    shares: Any,
    settings: tuple[float, float, int],
) -> tuple[int, bool, float, bool, int]:
    """Fit one episode; see :func:`fit_episodes`.

    The last but one of what is returned says whether ``shares`` hold the fit, the last is the multiply-adds of
    predicting a record.
    """
    y, weight, seen = labelled
    records, last_shares, was_shared = before
    C, tolerance, most = settings
    dtype = X.dtype
    rows = marked(weight)
    n, (D, used) = len(rows), _width(X, rows)
    c = 1 if len(seen) == 2 else len(seen)
    m = D + 1
    kind = WHOLE if c * m <= SMALL else (RECORDS if n <= WIDE * m else BLOCKS)
    design, across, real = np.empty((n, m), dtype), np.empty((m, n), dtype), np.empty(n, dtype)
    labels, spread = np.empty(n, np.int64), np.empty(n, dtype)
    for j in range(n):
        row = rows[j]
        real[j], labels[j] = weight[row], y[row]
        for a in range(m):
            design[j, a] = across[a, j] = X[row, a] if a < D else 1
    targets, penalty = np.empty((c, n), dtype), np.empty(2, dtype)
    _targets(labels, real, seen, targets)
    penalty[0], penalty[1] = 1 / C, FLOOR * min(1 / C, 1.0)
    q = m
    inner, outer = design, across
    if kind == RECORDS:
        q = n + 1
        products = np.empty((n, n), dtype)
        times(design, across[:D], products)
        for j in range(n):
            spread[j] = SPREAD * products[j, j] / max(used, 1)
        inner = outer = products
    each, parameters = np.empty((weights.shape[0], q), dtype), np.empty((c, q), dtype)
    continues = was_shared and _continues(X, records)
    _start(kind, rows, D, continues, last_shares, weights, each)
    _columns(each, seen, parameters)
    count, converged, passes, made = minimise(
        kind,
        (inner, outer, spread, design),
        (targets, real),
        (penalty[0], penalty[1]),
        _room(kind, c, n, m, X),
        parameters,
        (tolerance, most),
    )
    _of_classes(parameters, seen, each)
    fill(weights, 0)
    last = weights.shape[1] - 1
    if kind == RECORDS:
        times(each, design, weights)
        for i in range(weights.shape[0]):
            for j in range(n):
                shares[i, rows[j]] = each[i, j]
            for a in range(D, last):
                weights[i, a] = 0
            shares[i, len(X)] = weights[i, last] = each[i, n]
    else:
        for i in range(weights.shape[0]):
            for a in range(D):
                weights[i, a] = each[i, a]
            weights[i, last] = each[i, D]
    return count, converged, _work(kind, c, n, m, count, passes, made), kind == RECORDS, c * (used + 1)


@compiled
def _work(kind: int, c: int, n: int, m: int, count: int, passes: int, made: int) -> float:
    """Return modelled multiply-adds of a fit of ``count`` iterations, ``passes`` over the records.

    ``made`` preconditioners.

    The work of the matrix products and factorisations, and twelve for each logit of a pass.
    """
    passing = 12.0 * c * n * passes
    if kind == RECORDS:
        iteration, making = 2.0 * c * n * n + n * n, n * n * (c / 2.0 + n / 6.0)
        return passing + iteration * (count + 1) + making * made + n * n * m + 1.0 * c * n * m
    if kind == WHOLE:
        iteration, making = 2.0 * c * n * m + (c * m) ** 2, (c * m) ** 2 * (n / 2.0 + c * m / 6.0)
    else:
        iteration, making = 2.0 * c * n * m + 1.0 * c * m * m, m * m * (n + 2 * m / 3.0)
    return passing + iteration * (count + 1) + making * made


@compiled
def _keep(X: Any, y: Any, weight: Any, allowed: Any, records: Any, seen: Any) -> None:
    """Copy the records that are no padding into ``records`` (n, D), the rest zero.

    Their classes marked in ``seen`` (k,).
    """
    for i in range(len(seen)):
        seen[i] = False
    for j in range(len(X)):
        real = weight[j] > 0
        if real and allowed[y[j]]:
            seen[y[j]] = True
        for a in range(X.shape[1]):
            records[j, a] = X[j, a] if real else 0


@called
def fit_episodes(
    X: Any,
    y: Any,
    weight: Any,
    allowed: Any,
    weights: Any,
    before: tuple[Any, Any, Any],
    after: tuple[Any, Any, Any, Any],
    report: tuple[Any, Any, Any, Any],
    settings: tuple[float, float, int],
) -> None:
    """Fit B episodes to X (B, n, D) of classes y (B, n), from the weights (B, k, D + 1) on and into them.

    ``allowed`` (B, k) marks the classes that are no padding. ``before`` holds the records (B, l, D) of the last fit,
    what each added to the weights (B, k, l + 1), and where it did (B,); ``after`` takes the same of this fit, and the
    classes that have a record (B, k); ``report`` takes iterations, convergence, and multiply-adds of the fit and of
    predicting a record (B,). Settings are C, the tolerance and the largest number of iterations.
    """
    last_records, last_shares, was_shared = before
    records, shares, shared, seen = after
    iterations, converged, work, each = report
    for episode in range(len(X)):
        _keep(X[episode], y[episode], weight[episode], allowed[episode], records[episode], seen[episode])
        classes = marked(seen[episode])
        fill(shares[episode], 0)
        each[episode] = 0
        shared[episode] = False
        if len(classes) < 2:
            fill(weights[episode], 0)
            iterations[episode], converged[episode], work[episode] = 0, True, 0
            continue
        iterations[episode], converged[episode], work[episode], shared[episode], each[episode] = _fit_one(
            records[episode],
            (y[episode], weight[episode], classes),
            weights[episode],
            (last_records[episode], last_shares[episode], was_shared[episode]),
            shares[episode],
            settings,
        )
