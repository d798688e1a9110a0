"""Fill the columns of whole feature groups, compiled for the processor: one pass, no tensors in between.

Sums are taken in doubles and rounded once, or in the order of the torch way, which each group keeps for accelerators.
Shapes: B episodes, N records, K candidates, k classes, n neighbours, L labelled records; ``out`` takes the columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called, compiled


@compiled
def _mean(values: Any, among: Any) -> Any:
    """Return the mean of ``values`` (N,) over the records ``among`` (N,); 0 where there is none."""
    total, count = 0.0, 0
    for j in range(values.shape[0]):
        if among[j]:
            total += np.float64(values[j])
            count += 1
    return total / max(count, 1)


@called
def trajectory(past: Any, lived: Any, flips: Any, loops: Any, index: Any, out: Any) -> None:
    """Write flip rate, mean, spread and drift into columns 0, 2, 3 and 4 of ``out`` (B, K, 5).

    ``past`` (T, B, K, k) are probabilities of the candidates in T loops, ``lived`` (T, B) which loops there were.
    """
    T, B, K, k = past.shape
    for b in range(B):
        oldest, count = 0, 0
        for t in range(T - 1, -1, -1):
            if lived[t, b]:
                oldest = t
                count += 1
        loops_there = max(count, 1)
        for i in range(K):
            now = past[T - 1, b, i]
            chosen = 0
            for c in range(1, k):
                if now[c] > now[chosen]:
                    chosen = c
            total = np.float32(0)
            for t in range(T):
                if lived[t, b]:
                    total += past[t, b, i, chosen]
            mean = total / np.float32(loops_there)
            squares, moved = np.float64(0), np.float64(0)
            for t in range(T):
                if lived[t, b]:
                    gap = np.float64(past[t, b, i, chosen] - mean)
                    squares += gap * gap
            for c in range(k):
                moved += np.float64(abs(now[c] - past[oldest, b, i, c]))
            out[b, i, 0] = flips[b, index[b, i]] / max(loops[b], np.float32(1))
            out[b, i, 2] = mean
            out[b, i, 3] = min(np.sqrt(squares / loops_there), 0.5)
            out[b, i, 4] = min(moved / 2, 1.0)


@called
def geometry(index: Any, near: Any, real: Any, pool: Any, extent: Any, least: Any, out: Any) -> None:
    """Write isolation ratio, known neighbours, their margin, the contrast and agreement into the columns of ``out``.

    ``near`` (B, N, n) are the neighbours of all records, ``real`` (B, n) which of their places are filled; ``pool`` are
    margins, predictions, which records are known, distances to these and sparsities, (B, N) each. Distances are told
    from zero by ``least`` (1,) times the ``extent`` (B,).
    """
    margin, predicted, known, isolation, sparsity = pool
    for b in range(index.shape[0]):
        count = 0
        for a in range(real.shape[1]):
            count += real[b, a]
        floor = np.float64(least[0]) * (extent[b] if extent[b] > 0 else 1.0)
        for i in range(index.shape[1]):
            row = index[b, i]
            labelled, same, margins = 0, 0, 0.0
            for a in range(real.shape[1]):
                if real[b, a]:
                    other = near[b, row, a]
                    labelled += known[b, other]
                    same += predicted[b, other] == predicted[b, row]
                    margins += np.float64(margin[b, other])
            there = max(count, 1)
            ratio = np.log((isolation[b, row] + floor) / (sparsity[b, row] + floor))
            mean = np.float32(margins / there)
            out[b, i, 0] = min(max(ratio, -3.0), 3.0) / 3
            out[b, i, 1] = labelled / there
            out[b, i, 2] = mean
            out[b, i, 3] = mean - margin[b, row]
            out[b, i, 4] = same / there


@called
def balance(probabilities: Any, index: Any, class_mask: Any, surplus: Any, share: Any, out: Any) -> None:
    """Write ``surplus`` and ``share`` (B, k) of the two likeliest classes of each candidate, (B, K, 4).

    ``probabilities`` are (B, k, N), k at least 2. Padding is no class; of equally likely classes the first counts.
    """
    k = probabilities.shape[1]
    for b in range(index.shape[0]):
        for i in range(index.shape[1]):
            row = index[b, i]
            first, second = -1, -1
            for c in range(k):
                chance = probabilities[b, c, row] if class_mask[b, c] else np.float32(-1)
                if first < 0 or chance > (probabilities[b, first, row] if class_mask[b, first] else np.float32(-1)):
                    first, second = c, first
                elif second < 0 or chance > (
                    probabilities[b, second, row] if class_mask[b, second] else np.float32(-1)
                ):
                    second = c
            out[b, i, 0], out[b, i, 1] = surplus[b, first], surplus[b, second]
            out[b, i, 2], out[b, i, 3] = share[b, first], share[b, second]


@called
def misfit(probabilities: Any, predicted: Any, index: Any, labels: Any, place: Any, real: Any, out: Any) -> None:
    """Write agreement, mean probability and unity of the labels of the nearest labelled records, (B, K, 3).

    ``probabilities`` are (B, k, N), ``labels`` (B, L); ``place`` (B, K, 3) says which are nearest, where ``real``.
    """
    votes = np.empty(probabilities.shape[1], np.int64)
    for b in range(index.shape[0]):
        for i in range(index.shape[1]):
            row = index[b, i]
            count, same, chance = 0, 0, 0.0
            votes[:] = 0
            for a in range(place.shape[2]):
                if real[b, i, a]:
                    label = labels[b, place[b, i, a]]
                    count += 1
                    same += label == predicted[b, row]
                    chance += np.float64(probabilities[b, label, row])
                    votes[label] += 1
            there = max(count, 1)
            out[b, i, 0] = same / there
            out[b, i, 1] = chance / there
            out[b, i, 2] = votes.max() / there


@called
def loop(pool: Any, masks: Any, labelled: Any, probabilities: Any, counts: Any, extent: Any, out: Any) -> None:
    """Write the features of the loop into ``out`` (B, 13), unbounded.

    ``pool`` are margins, entropies, flips and sparsities, (B, N) each; ``masks`` which records exist, and which of them
    the sparsity is averaged over; ``labelled`` are positions, labels and which are real, (B, L) each; ``probabilities``
    (B, k, N); ``counts`` are labels spent, the budget, features, classes and earlier rounds, (B,) each.
    """
    (margin, entropy, flips, sparsity), (exists, counted) = pool, masks
    (positions, labels, real), (spent, budget, width, classes, loops) = labelled, counts
    for b in range(out.shape[0]):
        mean, size = _mean(margin[b], exists[b]), max(exists[b].sum(), 1)
        spread, largest, known, right, chance = 0.0, 0.0, 0, 0, 0.0
        for j in range(margin.shape[1]):
            if exists[b, j]:
                gap = np.float64(margin[b, j]) - mean
                spread += gap * gap
        for c in range(probabilities.shape[1]):
            largest = max(largest, _mean(probabilities[b, c], exists[b]))
        for a in range(positions.shape[1]):
            if real[b, a]:
                row = positions[b, a]
                best = 0
                for c in range(1, probabilities.shape[1]):
                    if probabilities[b, c, row] > probabilities[b, best, row]:
                        best = c
                known += 1
                right += best == labels[b, a]
                chance += np.float64(probabilities[b, labels[b, a], row])
        out[b, 0] = spent[b] / max(budget[b], 1)
        out[b, 1], out[b, 2] = known / (known + 50), known / (known + width[b])
        out[b, 3], out[b, 4] = known / (known + 10 * classes[b]), 1 - 2 / classes[b]
        out[b, 5], out[b, 6] = _mean(entropy[b], exists[b]), mean
        out[b, 7] = np.sqrt(spread / size)
        out[b, 8] = _mean(flips[b], exists[b]) / max(loops[b], np.float32(1))
        out[b, 9], out[b, 10], out[b, 11] = largest, right / max(known, 1), chance / max(known, 1)
        out[b, 12] = _mean(sparsity[b], counted[b]) / (extent[b] if extent[b] > 0 else np.float32(1))


@compiled
def _bounded(value: Any, low: Any) -> Any:
    """Return the value from ``low`` to 1; 0 for none."""
    return 0.0 if np.isnan(value) else min(max(value, low), 1.0)


@called
def influence(own: Any, others: Any, covariance: Any, impurity: Any, weight: Any, doubtful: Any, out: Any) -> None:
    """Write leverage, variance ratio, the three reaches and the reduction of variance, (B, K, 6).

    ``own`` (B, K) and ``others`` (B, R) are variances, ``covariance`` (B, K, R) theirs together, ``impurity`` (B, K)
    the candidates'; ``weight`` and ``doubtful`` (B, R) are the weights of the others.
    """
    B, K, R = covariance.shape
    none, squared, reduced = np.float32(0), np.empty(R, np.float32), np.empty(R, np.float32)
    for b in range(B):
        total, doubt, usual, doubted = none, none, none, none
        for j in range(R):
            total += weight[b, j]
            doubt += doubtful[b, j]
            usual += others[b, j] * weight[b, j]
            doubted += others[b, j] * doubtful[b, j]
        for i in range(K):
            own_doubt = impurity[b, i] * own[b, i]
            share = impurity[b, i] / (1 + own_doubt)
            for j in range(R):
                both = covariance[b, i, j]
                related = min(max(both / np.sqrt(own[b, i] * others[b, j]), np.float32(-1)), np.float32(1))
                squared[j] = related * related
                reduced[j] = both * both * share
            reach, doubtful_reach, aligned, taken = none, none, none, none
            for j in range(R):
                reach += squared[j] * weight[b, j]
                doubtful_reach += squared[j] * doubtful[b, j]
                aligned += (squared[j] if covariance[b, i, j] > 0 else none) * doubtful[b, j]
                taken += reduced[j] * doubtful[b, j]
            ratio = np.log(np.float64(own[b, i] / (usual / total)))
            out[b, i, 0] = _bounded(own_doubt / (1 + own_doubt), 0.0)
            out[b, i, 1] = _bounded(min(max(ratio, -3.0), 3.0) / 3, -1.0)
            out[b, i, 2], out[b, i, 3] = _bounded(reach / total, 0.0), _bounded(doubtful_reach / doubt, 0.0)
            out[b, i, 4] = _bounded(aligned / doubt, 0.0)
            out[b, i, 5] = _bounded((taken / doubt) / (doubted / doubt), 0.0)
