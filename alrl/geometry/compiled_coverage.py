"""Measure how much of a pool records would cover, by a Gaussian kernel, R columns a record at most."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.geometry.compiled_geometry import squares_to
from alrl.numerics.backend import called, compiled, summing

_GRAIN = 1e9
FIXED, SMALLEST, MEAN = 0, 1, 2
"""The kernel's radius: as given; the smallest distance between two labelled records; the mean distance to the known."""


@compiled
def _rows(X: Any, index: Any, width: Any, unit: Any) -> Any:
    """Return the first ``width`` columns of the rows of X (N, D) at ``index``, of length one where ``unit`` is true."""
    rows = np.empty((len(index), width), np.float32)
    for i in range(len(index)):
        rows[i] = X[index[i], :width]
        if unit:
            length = 0.0
            for a in range(width):
                length += np.float64(rows[i, a]) * np.float64(rows[i, a])
            if length > 0:
                rows[i] *= np.float32(1 / np.sqrt(length))
    return rows


@compiled
def _squares(rows: Any, points: Any) -> Any:
    """Return the squared distances (n, m) between two sets of rows."""
    apart = np.empty((len(rows), len(points)), np.float32)
    # Column by column of the points: many short rows are then as fast as few long ones.
    columns = np.ascontiguousarray(points.T)
    for i in range(len(rows)):
        squares_to(columns, rows[i], apart[i], 0)
    return apart


@compiled
def _smallest(rows: Any) -> Any:
    """Return the smallest squared distance above zero between two of the rows; infinite where there is none."""
    between = _squares(rows, rows).ravel()
    positive = between[between > 0]
    return positive.min() if len(positive) else np.float32(np.inf)


@compiled
def _squared_radius(kind: Any, given: Any, labelled: Any, nearest: Any, live: Any, points: Any) -> Any:
    """Return the square of the radius.

    Where nothing is known yet, the median of the points' squared distances above zero.
    """
    if kind == FIXED:
        return given * given
    if kind == SMALLEST:
        squared = np.float64(_smallest(labelled))
    else:
        total = 0.0
        for j in range(len(nearest)):
            if live[j]:
                total += np.sqrt(np.float64(nearest[j]))
        squared = np.float64((total / max(live.sum(), 1)) ** 2)
    if not squared < np.inf:
        between = _squares(points, points).ravel()
        positive = between[between > 0]
        squared = np.float64(np.median(positive) if len(positive) else 1.0)
    return squared if squared > 0 else 1.0


@compiled
def _falling(x: Any) -> Any:
    """Return exp(-x) for x of at least 0, to single precision, in arithmetic that works on many numbers at once."""
    y = min(x, np.float32(80)) * np.float32(1 / 128)
    series = np.float32(1 / 6) + y * np.float32(1 / 24)
    series = np.float32(1) + y * (np.float32(1) + y * (np.float32(1 / 2) + y * series))
    power = np.float32(1) / series
    for _ in range(7):
        power *= power
    return power


@compiled
def _kernel(apart: Any, inverse: Any, out: Any) -> None:
    """Write the kernel of each squared distance ``apart`` (m,) into ``out`` (m,)."""
    for j in range(len(apart)):
        out[j] = _falling(apart[j] * inverse)


@summing
def _beyond(near: Any, covered: Any, weight: Any) -> Any:
    """Return the sum of ``weight`` (m,) times what each kernel ``near`` (m,) exceeds ``covered`` (m,) by, to 9 digits.

    Two records that cover each other alone gain the same: no rounding is to tell them apart.
    """
    total = 0.0
    for j in range(len(near)):
        total += weight[j] * max(np.float64(near[j]) - covered[j], 0.0)
    return np.rint(total * _GRAIN) / _GRAIN


@compiled
def _gains(apart: Any, nearest: Any, weight: Any, squared_radius: Any, out: Any) -> None:
    """Write the gain of every row of ``apart`` (n, m), into ``out`` (n,)."""
    inverse, covered, near = np.float32(1 / squared_radius), np.empty(len(nearest)), np.empty(len(nearest), np.float32)
    _kernel(nearest, inverse, covered)
    for i in range(len(apart)):
        _kernel(apart[i], inverse, near)
        out[i] = _beyond(near, covered, weight)


@compiled
def _measured(X: Any, chosen: Any, points: Any, known: Any, width: Any, unit: Any) -> Any:
    """Return the squared distances of the rows ``chosen`` to the ``points``, of these to the nearest known row.

    And their rows.
    """
    at = _rows(X, points, width, unit)
    apart, nearest = _squares(_rows(X, chosen, width, unit), at), np.full(len(points), np.inf, np.float32)
    from_known = _squares(_rows(X, known, width, unit), at)
    for i in range(len(from_known)):
        for j in range(len(at)):
            nearest[j] = min(nearest[j], from_known[i, j])
    return apart, nearest, at


@called
def herd(
    X: Any,
    width: Any,
    candidates: Any,
    others: Any,
    weight: Any,
    known: Any,
    labelled: Any,
    noise: Any,
    radius: Any,
    out: Any,
) -> None:
    """Choose greedily what covers most; ``out`` are the first step's gains (B, N) and the picks (B, m), -1 beyond.

    Of the rows X (B, N, D), whose first ``width`` (B,) columns are no padding, those marked by ``candidates`` (B, N)
    may be chosen. They cover the rows at ``others`` (B, R), -1 for none, of ``weight`` (B, R), beyond what the rows
    ``known`` (B, N) cover. ``radius`` is its kind, what is given, and whether rows are scaled to length one. Equal
    gains are told apart by ``noise`` (B, N).
    """
    kind, given, unit = int(radius[0]), radius[1], radius[2] > 0
    score, picks = out
    for b in range(len(X)):
        rows, real = np.flatnonzero(candidates[b]), others[b] >= 0
        points, mass = others[b][real], weight[b][real]
        apart, nearest, at = _measured(X[b], rows, points, np.flatnonzero(known[b]), width[b], unit)
        owned = _rows(X[b], np.flatnonzero(labelled[b]), width[b], unit)
        live = np.ones(len(points), np.bool_)
        mass /= max(len(points), 1)
        squared = _squared_radius(kind, given, owned, nearest, live, at)
        gain, free = np.empty(len(rows)), np.ones(len(rows), np.bool_)
        picks[b] = -1
        for step in range(max(picks.shape[1], 1)):
            if step >= len(rows):
                break
            if step and kind == MEAN:
                squared = _squared_radius(kind, given, owned, nearest, live, at)
            _gains(apart, nearest, mass, squared, gain)
            if not step:
                score[b][rows] = gain
            if step >= picks.shape[1]:
                break
            best = -1
            for i in range(len(rows)):
                if free[i] and (
                    best < 0
                    or gain[i] > gain[best]
                    or (gain[i] == gain[best] and noise[b, rows[i]] > noise[b, rows[best]])
                ):
                    best = i
            free[best] = False
            picks[b, step] = rows[best]
            nearest = np.minimum(nearest, apart[best])
            # Points are what may still be queried.
            live &= points != rows[best]


@called
def gains_at(X: Any, width: Any, index: Any, others: Any, weight: Any, known: Any, out: Any) -> None:
    """Write what each row at ``index`` (B, K) of X (B, N, D) covers, into ``out`` (B, K, W + V): sums by W weights.

    Columns of X beyond ``width`` (B,) are padding.

    ``others`` (B, R) are the points covered, -1 for none, ``weight`` (B, W, R) theirs, ``known`` (B, N) the rows that
    cover already; the radius is the mean distance of the points to these. The last V columns are by the first V weights
    as if nothing were covered yet.
    """
    W = weight.shape[1]
    for b in range(len(X)):
        real = others[b] >= 0
        apart, nearest, at = _measured(X[b], index[b], others[b][real], np.flatnonzero(known[b]), width[b], False)
        squared = _squared_radius(MEAN, 0.0, apart[:0], nearest, np.ones(len(nearest), np.bool_), at)
        inverse, near = np.float32(1 / squared), np.empty(len(at), np.float32)
        covered, nothing, mass = np.empty(len(at)), np.zeros(len(at)), np.empty((W, len(at)))
        for w in range(W):
            mass[w] = weight[b, w][real]
        _kernel(nearest, inverse, covered)
        for i in range(len(apart)):
            _kernel(apart[i], inverse, near)
            for w in range(out.shape[2]):
                out[b, i, w] = _beyond(near, covered if w < W else nothing, mass[w % W])
