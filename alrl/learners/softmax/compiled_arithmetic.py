"""Arithmetic of one episode, compiled for the processor: products, exponentials, factorisations.

Where each record has its own result, that result is the same wherever in the pool the record stands: only sums over a
whole fit are left to the compiler to order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import overload

from alrl.numerics.backend import compiled, summing

_LOG2E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 0.693359375, -2.12194440e-4
_LEAST = -87.0
_ROUND = 12582912.0  # 1.5 * 2**23: adding it rounds a float32 to an integer


@compiled
def fill(out: Any, value: Any) -> None:
    """Set every number of ``out`` (c, n) to ``value``."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = value


@compiled
def copy(given: Any, out: Any) -> None:
    """Copy ``given`` (c, n) to ``out`` (c, n)."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = given[i, j]


@compiled
def marked(mask: Any) -> Any:
    """Return positions where the mask (k,) is true."""
    positions = np.empty(len(mask), np.int64)
    count = 0
    for i in range(len(mask)):
        if mask[i]:
            positions[count] = i
            count += 1
    return positions[:count]


@compiled
def times(a: Any, b: Any, out: Any) -> None:
    """Matrix product of a (c, q) and b (q, n) into ``out`` (c, n); two rows and four terms at once.

    Further columns of a, and rows and columns of ``out``, are left as they are.
    """
    c = a.shape[0]
    q, n = b.shape
    for i in range(c):
        for j in range(n):
            out[i, j] = 0
    i = 0
    while i + 1 < c:
        first, second = out[i], out[i + 1]
        t = 0
        while t + 3 < q:
            x0, x1, x2, x3 = a[i, t], a[i, t + 1], a[i, t + 2], a[i, t + 3]
            y0, y1, y2, y3 = a[i + 1, t], a[i + 1, t + 1], a[i + 1, t + 2], a[i + 1, t + 3]
            b0, b1, b2, b3 = b[t], b[t + 1], b[t + 2], b[t + 3]
            for j in range(n):
                first[j] = first[j] + x0 * b0[j] + x1 * b1[j] + x2 * b2[j] + x3 * b3[j]
                second[j] = second[j] + y0 * b0[j] + y1 * b1[j] + y2 * b2[j] + y3 * b3[j]
            t += 4
        while t < q:
            x0, y0, b0 = a[i, t], a[i + 1, t], b[t]
            for j in range(n):
                first[j] += x0 * b0[j]
                second[j] += y0 * b0[j]
            t += 1
        i += 2
    if i < c:
        first = out[i]
        t = 0
        while t + 3 < q:
            x0, x1, x2, x3 = a[i, t], a[i, t + 1], a[i, t + 2], a[i, t + 3]
            b0, b1, b2, b3 = b[t], b[t + 1], b[t + 2], b[t + 3]
            for j in range(n):
                first[j] = first[j] + x0 * b0[j] + x1 * b1[j] + x2 * b2[j] + x3 * b3[j]
            t += 4
        while t < q:
            x0, b0 = a[i, t], b[t]
            for j in range(n):
                first[j] += x0 * b0[j]
            t += 1


def exponential(x: Any, power: Any) -> None:  # noqa: ARG001 - compiled code needs the room
    """Replace each number of ``x`` (n,) by its exponential; those below -87 count as -87. ``power`` is room (n,)."""
    np.exp(np.maximum(x, _LEAST), out=x)


@overload(exponential)
def _exponential(x: Any, power: Any) -> Any:  # noqa: ARG001
    if x.dtype.bitwidth != 32:

        def exact(x: Any, power: Any) -> None:  # noqa: ARG001
            for j in range(len(x)):
                x[j] = math.exp(max(x[j], _LEAST))

        return exact

    # In single precision the bits of the exponent are set by hand: calls of a library cannot run side by side.
    log2e, high, low = np.float32(_LOG2E), np.float32(_LN2_HIGH), np.float32(_LN2_LOW)
    least, half_up, one = np.float32(_LEAST), np.float32(_ROUND), np.float32(1.0)
    c2, c3, c4 = np.float32(0.5), np.float32(1.6666665459e-1), np.float32(4.1665795894e-2)
    c5, c6, c7 = np.float32(8.3334519073e-3), np.float32(1.3981999507e-3), np.float32(1.9875691500e-4)

    def fast(x: Any, power: Any) -> None:
        bits = power.view(np.int32)
        for j in range(len(x)):
            given = max(x[j], least)
            whole = (given * log2e + half_up) - half_up
            rest = (given - whole * high) - whole * low
            p = ((((c7 * rest + c6) * rest + c5) * rest + c4) * rest + c3) * rest + c2
            x[j] = (p * rest * rest + rest) + one
            bits[j] = (np.int32(whole) + np.int32(127)) << np.int32(23)
        for j in range(len(x)):
            x[j] *= power[j]

    return fast


@compiled
def to_probability(x: Any, room: Any) -> None:
    """Replace logits ``x`` (c, n) by probabilities: of class 1 where c is 1, else of each class. ``room`` is (2, n)."""
    c, n = x.shape
    if n == 0:
        return
    total, power = room[0], room[1]
    # Through an array, for a number written in the code is one of double precision.
    total[0] = 1
    one = total[0]
    if c == 1:
        only = x[0]
        # Beyond this the exponential would overflow; the probability is zero to the last bit that is kept.
        total[0] = 87
        most = total[0]
        for j in range(n):
            only[j] = min(-only[j], most)
        exponential(only, power)
        for j in range(n):
            only[j] = one / (one + only[j])
        return
    for j in range(n):
        total[j] = x[0, j]
    for i in range(1, c):
        for j in range(n):
            total[j] = max(total[j], x[i, j])
    for i in range(c):
        row = x[i]
        for j in range(n):
            row[j] -= total[j]
        exponential(row, power)
    for j in range(n):
        total[j] = x[0, j]
    for i in range(1, c):
        for j in range(n):
            total[j] += x[i, j]
    for j in range(n):
        total[j] = one / total[j]
    for i in range(c):
        for j in range(n):
            x[i, j] *= total[j]


@summing
def _four_dots(factor: Any, i: int, j: int) -> Any:
    """Return products of row j up to column j with rows i to i + 3."""
    row, r0, r1, r2, r3 = factor[j], factor[i], factor[i + 1], factor[i + 2], factor[i + 3]
    s0 = s1 = s2 = s3 = row[0] * 0
    for t in range(j):
        s0 += row[t] * r0[t]
        s1 += row[t] * r1[t]
        s2 += row[t] * r2[t]
        s3 += row[t] * r3[t]
    return s0, s1, s2, s3


@summing
def dot(a: Any, b: Any, size: int) -> Any:
    """Return product of the first ``size`` numbers of a and b."""
    total = a[0] * 0
    for t in range(size):
        total += a[t] * b[t]
    return total


@compiled
def factorise(matrix: Any, eps: float) -> None:
    """Replace a symmetric positive definite ``matrix`` (m, m) by its Cholesky factor, the lower triangle.

    The diagonal is stored inverted. Where rounding spoilt the matrix, the factor of its diagonal stands for it.
    """
    m = len(matrix)
    diagonal = np.empty(m, matrix.dtype)
    for j in range(m):
        diagonal[j] = matrix[j, j]
    for j in range(m):
        left = matrix[j, j] - dot(matrix[j], matrix[j], j)
        if not left > eps * diagonal[j]:
            for i in range(m):
                for t in range(i):
                    matrix[i, t] = 0
                matrix[i, i] = 1 / math.sqrt(max(diagonal[i], eps))
            return
        inverse = 1 / math.sqrt(left)
        matrix[j, j] = inverse
        i = j + 1
        while i + 3 < m:
            s0, s1, s2, s3 = _four_dots(matrix, i, j)
            matrix[i, j] = (matrix[i, j] - s0) * inverse
            matrix[i + 1, j] = (matrix[i + 1, j] - s1) * inverse
            matrix[i + 2, j] = (matrix[i + 2, j] - s2) * inverse
            matrix[i + 3, j] = (matrix[i + 3, j] - s3) * inverse
            i += 4
        while i < m:
            matrix[i, j] = (matrix[i, j] - dot(matrix[i], matrix[j], j)) * inverse
            i += 1


@compiled
def solve(factor: Any, x: Any) -> None:
    """Replace ``x`` (m,) by the solution of the system whose matrix :func:`factorise` took apart."""
    m = len(x)
    for i in range(m):
        x[i] = (x[i] - dot(factor[i], x, i)) * factor[i, i]
    for i in range(m - 1, -1, -1):
        x[i] *= factor[i, i]
        row, value = factor[i], x[i]
        for t in range(i):
            x[t] -= value * row[t]


@compiled
def invert(factor: Any, out: Any) -> None:
    """Write the inverse, ``out`` (m, m), of the matrix that :func:`factorise` took apart."""
    m = len(factor)
    root = np.empty_like(factor)
    fill(root, 0)
    fill(out, 0)
    for i in range(m):
        row = root[i]
        for t in range(i):
            value, above = factor[i, t], root[t]
            for j in range(t + 1):
                row[j] -= value * above[j]
        row[i] = 1
        for j in range(i + 1):
            row[j] *= factor[i, i]
    for t in range(m):
        row = root[t]
        for i in range(t + 1):
            value, into = row[i], out[i]
            for j in range(t + 1):
                into[j] += value * row[j]
