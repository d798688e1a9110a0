"""Distances between records of the pools of many episodes, compiled for the processor.

Squares are added feature by feature, so that zero columns, which are padding, change no bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called, compiled


@compiled
def squares_to(columns: Any, point: Any, out: Any, start: int) -> None:
    """Squared distances ``out`` (n,) of the records ``columns`` (D, n), from ``start`` on, to ``point`` (D,)."""
    fours, sums = columns.shape[0] // 4 * 4, out[start:]
    for j in range(sums.shape[0]):
        sums[j] = 0
    # Four features at once, added one after the other: a sum is read and written a quarter as often.
    for a in range(0, fours, 4):
        first, second, third, fourth = (
            columns[a][start:],
            columns[a + 1][start:],
            columns[a + 2][start:],
            columns[a + 3][start:],
        )
        x, y, z, w = point[a], point[a + 1], point[a + 2], point[a + 3]
        for j in range(sums.shape[0]):
            square = sums[j]
            square += (first[j] - x) * (first[j] - x)
            square += (second[j] - y) * (second[j] - y)
            square += (third[j] - z) * (third[j] - z)
            sums[j] = square + (fourth[j] - w) * (fourth[j] - w)
    for a in range(fours, columns.shape[0]):
        x, row = point[a], columns[a][start:]
        for j in range(sums.shape[0]):
            gap = row[j] - x
            sums[j] += gap * gap


@compiled
def _filled(columns: Any) -> Any:
    """Return the columns (D, N) without those at the end that are zero: features that only wider pools have."""
    width = columns.shape[0]
    while width > 0 and not columns[width - 1].any():
        width -= 1
    return columns[:width]


@compiled
def _insert(square: Any, row: int, near: Any, at: Any) -> None:
    """Put ``square`` and its ``row`` in order into the squares ``near`` and rows ``at``, (count,) each, if it is less.

    Of equals the one that came first stays first.
    """
    count = near.shape[0]
    place = count
    while place > 0 and square < near[place - 1]:
        if place < count:
            near[place], at[place] = near[place - 1], at[place - 1]
        place -= 1
    if place < count:
        near[place], at[place] = square, row


@called
def approach(columns: Any, fresh: Any, nearest: Any) -> None:
    """Lower ``nearest`` (B, N) to the distance to the records marked in ``fresh`` (B, N) where they are nearer.

    ``columns`` are the features (B, D, N).
    """
    B, D, N = columns.shape
    point, square = np.empty(D, columns.dtype), np.empty(N, columns.dtype)
    for b in range(B):
        for place in range(N):
            if fresh[b, place]:
                for a in range(D):
                    point[a] = columns[b, a, place]
                squares_to(columns[b], point, square, 0)
                for j in range(N):
                    nearest[b, j] = min(nearest[b, j], np.sqrt(square[j]))


@called
def nearest_listed(features: Any, index: Any, listed: Any, real: Any, place: Any, present: Any) -> None:
    """Write the nearest of the records ``listed`` (B, L) to each of ``index`` (B, K) into ``place`` (B, K, count).

    They come nearest first; of records at equal distance the first listed comes first. ``features`` are (B, N, D),
    ``real`` (B, L) marks the records that are no padding, and ``present`` (B, K, count) takes which places are filled.
    """
    B, K = index.shape
    D, count = features.shape[2], place.shape[2]
    best = np.empty(count, features.dtype)
    for b in range(B):
        rows = np.flatnonzero(real[b])
        columns, square = np.empty((D, rows.shape[0]), features.dtype), np.empty(rows.shape[0], features.dtype)
        for j in range(rows.shape[0]):
            for a in range(D):
                columns[a, j] = features[b, listed[b, rows[j]], a]
        for i in range(K):
            squares_to(columns, features[b, index[b, i]], square, 0)
            for c in range(count):
                best[c], place[b, i, c], present[b, i, c] = np.inf, 0, c < rows.shape[0]
            for j in range(rows.shape[0]):
                if square[j] < best[count - 1]:
                    _insert(square[j], rows[j], best, place[b, i])


@called
def outstanding(listed: Any, real: Any, kept: Any, known: Any) -> int:
    """Return how many of the records ``listed`` (B, L) are not among the ``known`` (B,) first that were ``kept``.

    Where others were kept before, none are any more, and ``known`` is set to zero. -1 where the ``real`` ones (B, L) do
    not come first.
    """
    left = 0
    for b in range(listed.shape[0]):
        count = 0
        while count < listed.shape[1] and real[b, count]:
            count += 1
        for j in range(count, listed.shape[1]):
            if real[b, j]:
                return -1
        same = known[b] <= count
        for j in range(min(known[b], count)):
            same = same and kept[b, j] == listed[b, j]
        if not same:
            known[b] = 0
        left += count - known[b]
    return left


@called
def follow(columns: Any, index: Any, listed: Any, real: Any, kept: Any, near: Any, place: Any, present: Any) -> None:
    """Bring the nearest of the records ``listed`` (B, L) up to date in ``near``, and write those of ``index`` (B, K).

    ``columns`` are the features (B, D, N); ``kept`` are the records that were listed before (B, M) and their number
    (B,), ``near`` squared distances and places (B, N, count); ``place`` and ``present`` are as in
    :func:`nearest_listed`.
    """
    (before, known), (squares, places) = kept, near
    B, D, N = columns.shape
    count = place.shape[2]
    point, square = np.empty(D, columns.dtype), np.empty(N, columns.dtype)
    for b in range(B):
        if known[b] == 0:
            squares[b] = np.inf
        while known[b] < listed.shape[1] and real[b, known[b]]:
            new = known[b]
            before[b, new] = listed[b, new]
            for a in range(D):
                point[a] = columns[b, a, listed[b, new]]
            squares_to(columns[b], point, square, 0)
            for j in range(N):
                if square[j] < squares[b, j, count - 1]:
                    _insert(square[j], new, squares[b, j], places[b, j])
            known[b] += 1
        for i in range(index.shape[1]):
            for c in range(count):
                present[b, i, c] = c < known[b]
                place[b, i, c] = places[b, index[b, i], c] if present[b, i, c] else 0


@called
def all_neighbours(columns: Any, exists: Any, distance: Any, place: Any) -> None:
    """Write the nearest other records of every record and distances into (B, N, count) each, the nearest first.

    ``columns`` are the features (B, D, N). Of records at equal distance the first comes first; where there are fewer
    than ``count`` the last distances are zero.
    """
    B, D, N = columns.shape
    count = place.shape[2]
    point, square, worst = np.empty(D, columns.dtype), np.empty(N, columns.dtype), np.empty(N, columns.dtype)
    for b in range(B):
        distance[b], place[b], worst[:] = np.inf, 0, np.inf
        there, filled = 0, _filled(columns[b])
        for i in range(N):
            there += exists[b, i]
            for a in range(filled.shape[0]):
                point[a] = filled[a, i]
            # Each pair once. Either list is filled in the order of the positions: the first of equals stays first.
            squares_to(filled, point, square, i + 1)
            own = worst[i]
            for j in range(i + 1, N):
                if square[j] < own and exists[b, j]:
                    _insert(square[j], j, distance[b, i], place[b, i])
                    own = distance[b, i, count - 1]
                if square[j] < worst[j] and exists[b, i]:
                    _insert(square[j], i, distance[b, j], place[b, j])
                    worst[j] = distance[b, j, count - 1]
        for i in range(N):
            others = there - exists[b, i]
            for c in range(count):
                distance[b, i, c] = np.sqrt(distance[b, i, c]) if c < others else 0
                place[b, i, c] = place[b, i, c] if c < others else 0
