"""k-means, and what is chosen from its clusters: an episode at a time, never a matrix of records by records."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called, compiled, summing

_STEP = np.int64(-7046029254386353131)
_FIRST, _SECOND = np.int64(-4658895280553007687), np.int64(-7723592293110705685)


@summing
def square(x: Any, y: Any) -> Any:
    """Return the squared Euclidean distance of two rows."""
    total = np.float32(0)
    for i in range(len(x)):
        gap = x[i] - y[i]
        total += gap * gap
    return total


@compiled
def _uniform(key: Any, step: Any) -> Any:
    """Return a number in (0, 1) of a key and a step: SplitMix64."""
    state = key * _STEP + (step + 1) * _FIRST
    for _ in range(2):
        state = (state ^ ((state >> 30) & ((1 << 34) - 1))) * _FIRST
        state = (state ^ ((state >> 27) & ((1 << 37) - 1))) * _SECOND
        state ^= (state >> 31) & ((1 << 33) - 1)
    return (((state >> 41) & ((1 << 23) - 1)) + 0.5) * 2.0**-23


@called
def kmeans(X: Any, weight: Any, key: Any, clusters: Any, iterations: Any, label: Any, centre: Any) -> None:
    """Weighted k-means of the rows X (B, N, E) of ``weight`` (B, N) above zero, into ``clusters`` (B,) clusters.

    Begins as k-means++ (Arthur and Vassilvitskii 2007), its chance from ``key`` (B, N), then Lloyd's steps. Fills
    ``label`` (B, N), -1 for other rows, and ``centre`` (B, K, E); a cluster that no row is nearest to stays empty.
    """
    B, N, E = X.shape
    nearest, mass = np.empty(N, np.float32), np.empty(centre.shape[1])
    total = np.empty((centre.shape[1], E))
    for b in range(B):
        for j in range(N):
            nearest[j] = np.inf
            label[b, j] = -1
        for c in range(clusters[b]):
            best, most = -1, -1.0
            for j in range(N):
                if weight[b, j] <= 0:
                    continue
                chance = weight[b, j] * (nearest[j] if c > 0 else 1.0) / -np.log(_uniform(key[b, j], c))
                if chance > most:
                    best, most = j, chance
            if best < 0:
                continue
            centre[b, c] = X[b, best]
            for j in range(N):
                if weight[b, j] <= 0:
                    continue
                gap = square(X[b, j], centre[b, c])
                if gap < nearest[j]:
                    nearest[j] = gap
                    label[b, j] = c
        for _ in range(iterations):
            total[:] = 0
            mass[:] = 0
            for j in range(N):
                c = label[b, j]
                if c >= 0:
                    mass[c] += weight[b, j]
                    for i in range(E):
                        total[c, i] += weight[b, j] * X[b, j, i]
            for c in range(clusters[b]):
                if mass[c] > 0:
                    for i in range(E):
                        centre[b, c, i] = total[c, i] / mass[c]
            moved = False
            for j in range(N):
                if label[b, j] < 0:
                    continue
                best, least = label[b, j], square(X[b, j], centre[b, label[b, j]])
                for c in range(clusters[b]):
                    # An empty cluster's centre is where no row was; it takes none.
                    gap = square(X[b, j], centre[b, c])
                    if mass[c] > 0 and gap < least:
                        best, least = c, gap
                if best != label[b, j]:
                    label[b, j] = best
                    moved = True
            if not moved:
                break


@called
def closest_to_centres(X: Any, label: Any, centre: Any, noise: Any, picks: Any) -> None:
    """Write the row nearest to the centre of each cluster into ``picks`` (B, K); -1 for an empty cluster.

    Of rows equally near the one of more ``noise`` (B, N): not that which comes first.
    """
    least = np.empty(picks.shape[1], np.float32)
    for b in range(len(X)):
        picks[b] = -1
        least[:] = np.inf
        for j in range(X.shape[1]):
            c = label[b, j]
            if c >= 0:
                gap = square(X[b, j], centre[b, c])
                if gap < least[c] or (gap == least[c] and noise[b, j] > noise[b, picks[b, c]]):
                    least[c] = gap
                    picks[b, c] = j


@called
def mean_distance(X: Any, wanted: Any, to: Any, label: Any, neighbours: Any, out: Any) -> None:
    """Mean distance of each row ``wanted`` (B, N) to the nearest other rows ``to`` (B, N) of its cluster, into ``out``.

    To as many as ``neighbours``, or all that there are; zero for a row alone in its cluster.
    """
    B, N = label.shape
    nearest = np.empty(neighbours, np.float32)
    for b in range(B):
        place = np.nonzero(to[b])[0]
        for j in range(N):
            if not wanted[b, j]:
                continue
            count = 0
            for other in place:
                if other == j or label[b, other] != label[b, j]:
                    continue
                gap = square(X[b, j], X[b, other])
                if count == neighbours and gap >= nearest[count - 1]:
                    continue
                at = count if count < neighbours else count - 1
                while at > 0 and nearest[at - 1] > gap:
                    nearest[at] = nearest[at - 1]
                    at -= 1
                nearest[at] = gap
                count = min(count + 1, neighbours)
            total = 0.0
            for at in range(count):
                total += np.sqrt(nearest[at])
            out[b, j] = total / max(count, 1)


@called
def distance_to(X: Any, centre: Any, out: Any) -> None:
    """Distance of each row X (B, N, E) to the first centre (B, 1, E) of its episode, into ``out`` (B, N)."""
    for b in range(len(X)):
        for j in range(X.shape[1]):
            out[b, j] = np.sqrt(square(X[b, j], centre[b, 0]))
