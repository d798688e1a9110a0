"""Passes over the pools of many episodes, compiled for the processor: one look at each number."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called

_STEP = np.int64(-7046029254386353131)
_FIRST, _SECOND = np.int64(-4658895280553007687), np.int64(-7723592293110705685)


@called
def likeliest(probabilities: Any, predicted: Any, first: Any, second: Any) -> None:
    """Write the likeliest class (B, N) and the probabilities of the two likeliest (B, N).

    Of ``probabilities`` (B, k, N).

    Of equally likely classes the first is taken.
    """
    B, k, N = probabilities.shape
    for b in range(B):
        most, next_most, best = first[b], second[b], predicted[b]
        for j in range(N):
            most[j] = probabilities[b, 0, j]
            next_most[j] = 0
            best[j] = 0
        for i in range(1, k):
            row = probabilities[b, i]
            for j in range(N):
                if row[j] > most[j]:
                    best[j] = i
                next_most[j] = max(next_most[j], min(most[j], row[j]))
                most[j] = max(most[j], row[j])


@called
def uniform_rows(keys: Any, counters: Any, out: Any) -> None:
    """Uniform numbers in [0, 1) into ``out`` (B, N), see :func:`alrl.numerics.noise.uniform`."""
    for b in range(len(keys)):
        state = keys[b] + (counters[b] + 1) * _STEP
        state = (state ^ ((state >> 30) & ((1 << 34) - 1))) * _FIRST
        state = (state ^ ((state >> 27) & ((1 << 37) - 1))) * _SECOND
        row = state ^ ((state >> 31) & ((1 << 33) - 1))
        for j in range(out.shape[1]):
            bits = row + (j + 1) * _STEP
            bits = (bits ^ ((bits >> 30) & ((1 << 34) - 1))) * _FIRST
            bits = (bits ^ ((bits >> 27) & ((1 << 37) - 1))) * _SECOND
            bits ^= (bits >> 31) & ((1 << 33) - 1)
            out[b, j] = np.float32((bits >> 40) & ((1 << 24) - 1)) * np.float32(2.0**-24)


@called
def best_records(score: Any, available: Any, noise: Any, picks: Any) -> None:
    """Available records of highest score, the first of each row of ``picks`` (B, count) the highest; -1 for none.

    Of equal scores the one of more noise comes first. A score that is no number counts as the lowest.
    """
    B, N = score.shape
    count = picks.shape[1]
    best, luck = np.empty(count, score.dtype), np.empty(count, noise.dtype)
    for b in range(B):
        kept = 0
        for j in range(N):
            if not available[b, j]:
                continue
            value = score[b, j]
            if np.isnan(value):
                value = -np.inf
            last = kept - 1
            if kept == count and not (value > best[last] or (value == best[last] and noise[b, j] > luck[last])):
                continue
            place = kept if kept < count else last
            while place > 0 and (
                value > best[place - 1] or (value == best[place - 1] and noise[b, j] > luck[place - 1])
            ):
                if place < count:
                    best[place], luck[place], picks[b, place] = best[place - 1], luck[place - 1], picks[b, place - 1]
                place -= 1
            best[place], luck[place], picks[b, place] = value, noise[b, j], j
            kept = min(kept + 1, count)
        for place in range(kept, count):
            picks[b, place] = -1


@called
def scores(predicted: Any, labels: Any, exists: Any, classes: int, accuracy: Any, balanced: Any) -> None:
    """Share of records classified as labelled, (B,), and the mean of that share over the classes there are, (B,)."""
    right, size = np.empty(classes, np.int64), np.empty(classes, np.int64)
    for b in range(predicted.shape[0]):
        for i in range(classes):
            right[i] = size[i] = 0
        for j in range(predicted.shape[1]):
            if exists[b, j]:
                size[labels[b, j]] += 1
                if predicted[b, j] == labels[b, j]:
                    right[labels[b, j]] += 1
        recall, present = 0.0, 0
        for i in range(classes):
            if size[i] > 0:
                recall += right[i] / size[i]
                present += 1
        accuracy[b] = right.sum() / max(size.sum(), 1)
        balanced[b] = recall / max(present, 1)


@called
def count_flips(before: Any, now: Any, exists: Any, counted: Any, flips: Any) -> None:
    """Add one to ``flips`` (B, N) where the predicted class changed, in the episodes ``counted`` (B,)."""
    for b in range(before.shape[0]):
        if counted[b]:
            for j in range(before.shape[1]):
                if exists[b, j] and before[b, j] != now[b, j]:
                    flips[b, j] += 1
