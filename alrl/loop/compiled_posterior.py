"""Covariances of a Bayesian linear model among pool records, compiled for the processor.

Each episode is worked on at its own size, and sums are taken in one order: padding and company change no bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called, compiled


@compiled
def _gather(features: Any, index: Any, width: Any, out: Any) -> None:
    """Write the first ``width`` features of the records at ``index`` (n,).

    One record a column, into ``out`` (D + 1, n).

    The last row is the intercept's: ones.
    """
    for j in range(index.shape[0]):
        for a in range(width):
            out[a, j] = features[index[j], a]
        out[width, j] = 1


@compiled
def _add(weights: Any, rows: Any, sign: Any, row: Any) -> None:
    """Add ``sign`` times the sum of ``weights`` (n,) times ``rows`` (n, m) to ``row`` (m,), one row after another.

    Four rows a pass: what is added to is then read and written a quarter as often, to the same bits.
    """
    count = weights.shape[0]
    for a in range(0, count - 3, 4):
        first, second, third, fourth = rows[a], rows[a + 1], rows[a + 2], rows[a + 3]
        w, x = sign * weights[a], sign * weights[a + 1]
        y, z = sign * weights[a + 2], sign * weights[a + 3]
        for j in range(row.shape[0]):
            row[j] = row[j] + w * first[j] + x * second[j] + y * third[j] + z * fourth[j]
    for a in range(count - count % 4, count):
        w, first = sign * weights[a], rows[a]
        for j in range(row.shape[0]):
            row[j] += w * first[j]


@compiled
def _products(left: Any, right: Any, scale: Any, out: Any) -> None:
    """Inner products of columns of ``left`` (w, n) with those of ``right`` (w, m) over ``scale``: ``out`` (n, m)."""
    for i in range(left.shape[1]):
        row = out[i]
        row[:] = 0
        _add(left[:, i], right, np.float32(1), row)
        row /= scale


@compiled
def _subtract_products(left: Any, right: Any, out: Any) -> None:
    """Take the inner products of the columns of ``left`` (w, n) with those of ``right`` (w, m) from ``out`` (n, m)."""
    for i in range(left.shape[1]):
        _add(left[:, i], right, np.float32(-1), out[i])


@compiled
def _factorise(A: Any) -> None:
    """Cholesky factor of ``A`` (n, n), transposed into its upper triangle: rows are then worked on as one piece."""
    for j in range(A.shape[0]):
        row = A[j, j:]
        _add(A[:j, j], A[:j, j:], np.float32(-1), row)
        row /= np.sqrt(row[0])


@compiled
def _substitute(factor: Any, right: Any) -> None:
    """Solve z of the transposed ``factor`` times z = ``right`` (n, m) in place."""
    for i in range(factor.shape[0]):
        _add(factor[:i, i], right[:i], np.float32(-1), right[i])
        right[i] /= factor[i, i]


@compiled
def _add_squares(rows: Any, sign: Any, out: Any) -> None:
    """Add ``sign`` times the sum of squares of each column of ``rows`` (n, m) to ``out`` (m,)."""
    for i in range(rows.shape[0]):
        for j in range(out.shape[0]):
            out[j] += sign * rows[i, j] * rows[i, j]


@compiled
def _variances(columns: Any, solved: Any, scale: Any, out: Any) -> None:
    """Posterior variances ``out`` (m,) of the records ``columns`` (w, m), of what the labels ``solved`` (n, m) say."""
    out[:] = 0
    _add_squares(columns, np.float32(1), out)
    out /= scale
    _add_squares(solved, np.float32(-1), out)


@compiled
def _by_weights(known: Any, precision: Any, points: Any, pool: Any, scale: Any, out: Any) -> None:
    """Write the posterior by the precision of the model's w weights: for no fewer known records, (w, L), than weights.

    ``points`` (w, n) and ``pool`` (w, m) are worked on in place.
    """
    own, rest, covariance = out
    w = known.shape[0]
    records, weighed, factor = known.T.copy(), known.copy(), np.empty((w, w), known.dtype)
    for a in range(w):
        factor[a] = 0
        factor[a, a] = scale
        weighed[a] *= precision
        _add(weighed[a], records[:, a:], np.float32(1), factor[a, a:])
    _factorise(factor)
    _substitute(factor, points)
    _substitute(factor, pool)
    own[:], rest[:] = 0, 0
    _add_squares(points, np.float32(1), own)
    _add_squares(pool, np.float32(1), rest)
    _products(points, pool, np.float32(1), covariance)


@compiled
def _by_records(known: Any, precision: Any, points: Any, pool: Any, scale: Any, out: Any) -> None:
    """Write the posterior by the covariance of the L known records, (w, L): for fewer of them than weights."""
    own, rest, covariance = out
    size = known.shape[1]
    factor = np.empty((size, size), known.dtype)
    of_points, of_pool = np.empty((size, points.shape[1]), known.dtype), np.empty((size, pool.shape[1]), known.dtype)
    _products(known, known, scale, factor)
    for i in range(size):
        factor[i, i] += 1 / precision[i]
    _factorise(factor)
    _products(known, points, scale, of_points)
    _products(known, pool, scale, of_pool)
    _substitute(factor, of_points)
    _substitute(factor, of_pool)
    _variances(points, of_points, scale, own)
    _variances(pool, of_pool, scale, rest)
    _products(points, pool, scale, covariance)
    _subtract_products(of_points, of_pool, covariance)


@called
def covariances(
    features: Any, width: Any, index: Any, others: Any, known_rows: Any, real: Any, precision: Any, scale: Any, out: Any
) -> None:
    """Of B episodes, what :func:`alrl.loop.posterior.posterior` says, into the arrays of ``out``.

    Given are ``features`` (B, N, D), the ``width`` (B,) of them that is no padding, positions ``index`` (B, K),
    ``others`` (B, R) and ``known_rows`` (B, L), where ``real`` (B, L), their ``precision`` (B, L), and the
    ridge ``scale`` (1,).
    """
    own, rest, covariance = out
    for b in range(features.shape[0]):
        rows = np.flatnonzero(real[b])
        size, w = rows.shape[0], width[b] + 1
        known = np.empty((w, size), features.dtype)
        points, pool = np.empty((w, index.shape[1]), features.dtype), np.empty((w, others.shape[1]), features.dtype)
        _gather(features[b], known_rows[b][rows], width[b], known)
        _gather(features[b], index[b], width[b], points)
        _gather(features[b], others[b], width[b], pool)
        given = (known, precision[b][rows], points, pool, scale[0], (own[b], rest[b], covariance[b]))
        if size < w:
            _by_records(*given)
        else:
            _by_weights(*given)


@called
def weighted_means(values: Any, weight: Any, out: Any) -> None:
    """Means of the last axis of ``values`` (B, K, R) by ``weight`` (B, R), into ``out`` (B, K); NaN without weight."""
    for b in range(values.shape[0]):
        total = np.float32(0)
        for j in range(weight.shape[1]):
            total += weight[b, j]
        for i in range(values.shape[1]):
            weighted_sum = np.float32(0)
            for j in range(values.shape[2]):
                weighted_sum += values[b, i, j] * weight[b, j]
            out[b, i] = weighted_sum / total
