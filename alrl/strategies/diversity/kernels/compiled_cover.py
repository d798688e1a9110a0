"""Balls of a radius around records, and gradients' distances: row by row, never a matrix of records by records."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called, summing
from alrl.strategies.diversity.kernels.compiled_clusters import square

_BLOCK = 512
"""Rows that are compared with every candidate before the next are read."""


@called
def cover(X: Any, centres: Any, open_: Any, radius: Any, reached: Any) -> None:
    """Mark in ``reached`` (B, N) the rows ``open_`` (B, N) of X within ``radius`` (B,) of a row ``centres`` (B, N)."""
    B, N = open_.shape
    for b in range(B):
        place = np.nonzero(centres[b])[0]
        most = radius[b] * radius[b]
        for j in range(N):
            reached[b, j] = False
            if open_[b, j]:
                for centre in place:
                    if square(X[b, j], X[b, centre]) <= most:
                        reached[b, j] = True
                        break


@called
def add_reach(X: Any, candidates: Any, rows: Any, radius: Any, sign: Any, reach: Any) -> None:
    """Add ``sign`` to ``reach`` (B, N) of each candidate for every row of ``rows`` (B, N) within ``radius`` (B,)."""
    for b in range(len(rows)):
        place = np.nonzero(rows[b])[0]
        if len(place) == 0:
            continue
        most = radius[b] * radius[b]
        chosen = np.nonzero(candidates[b])[0]
        # By blocks that stay in the cache: a large pool is read once, not once for every candidate.
        for start in range(0, len(place), _BLOCK):
            some = place[start : start + _BLOCK]
            for j in chosen:
                count = 0
                for row in some:
                    if square(X[b, j], X[b, row]) <= most:
                        count += 1
                reach[b, j] += sign * count


@called
def nearest_other(X: Any, rows: Any, exists: Any, label: Any, out: Any) -> None:
    """Distance of each row ``rows`` (B, N) to the nearest row of another cluster, into ``out``; infinite if none."""
    B, N = rows.shape
    for b in range(B):
        chosen = np.nonzero(rows[b])[0]
        for j in chosen:
            out[b, j] = np.inf
        for start in range(0, N, _BLOCK):
            for j in chosen:
                least = np.float32(np.inf)
                for other in range(start, min(N, start + _BLOCK)):
                    if exists[b, other] and label[b, other] != label[b, j]:
                        least = min(least, square(X[b, j], X[b, other]))
                out[b, j] = min(out[b, j], np.sqrt(least))


@summing
def _dot(x: Any, y: Any) -> Any:
    total = 0.0
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


@called
def nearest_gradient(push: Any, embedding: Any, picks: Any, nearest: Any) -> None:
    """Lowers ``nearest`` (B, N) to the squared distance of each row's gradient to those of the rows ``picks`` (B, m).

    A row's gradient is the outer product of its ``push`` (B, N, k) and ``embedding`` (B, N, E), doubles; -1 is no pick.
    """
    B, N = nearest.shape
    for b in range(B):
        for pick in picks[b]:
            if pick < 0:
                continue
            a, h = push[b, pick], embedding[b, pick]
            own = _dot(a, a) * _dot(h, h)
            for j in range(N):
                x, y = push[b, j], embedding[b, j]
                # The same products for equal rows, so that their distance is exactly zero.
                gap = own + _dot(x, x) * _dot(y, y) - 2 * (_dot(x, a) * _dot(y, h))
                nearest[b, j] = min(nearest[b, j], max(gap, 0.0))
