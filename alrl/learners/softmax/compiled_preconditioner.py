"""What the curvature of one episode's loss tells of its inverse Hessian, compiled for the processor.

The approximations are those of :mod:`alrl.learners.softmax.feature_space` and
:mod:`alrl.learners.softmax.record_space`; the names of what is passed are those of
:mod:`alrl.learners.softmax.compiled_solver`. A preconditioner is room for four things: the factor of a matrix; its
inverse, or what a gradient does to the logits; each record's likeliest class against the rest (c, n); and the inverse
curvature of weights and intercept that is taken as equal in all directions (2,).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from alrl.learners.softmax.compiled_arithmetic import copy, factorise, fill, invert, times
from alrl.learners.softmax.curvature import LEAST_INTERCEPT, SHARED
from alrl.learners.softmax.record_space import LEFT, SURE
from alrl.numerics.backend import compiled, summing

WHOLE, BLOCKS, RECORDS = 0, 1, 2
"""Solve over the features with the whole Hessian, with one block for every class, or over the labelled records."""


@compiled
def _split(
    spread: Any, weight: Any, strength: Any, floor: Any, probability: Any, pair: Any, easy: Any, plain: bool
) -> None:
    """Write a record's curvature as the square of one direction and a mean of what is left; see ``record_space``.

    ``plain`` leaves all of it to the mean.
    """
    c, n = probability.shape
    left_over = level = 0.0
    for j in range(n):
        root, left = math.sqrt(weight[j]), 0.0
        if plain:
            for i in range(c):
                pair[i, j] = 0
                left += probability[i, j] * (1 - probability[i, j])
        elif c == 1:
            pair[0, j] = math.sqrt(probability[0, j] * (1 - probability[0, j])) * root
        else:
            most = 0
            for i in range(1, c):
                if probability[i, j] > probability[most, j]:
                    most = i
            rest = max(1 - probability[most, j], SURE)
            scale, square = math.sqrt(probability[most, j] / rest) * root, 0.0
            for i in range(c):
                pair[i, j] = -probability[i, j] * scale
                if i != most:
                    square += (probability[i, j] / rest) ** 2
            pair[most, j] += scale
            left = LEFT * rest * (1 - square)
        left = max(left, floor) * weight[j]
        left_over += left * spread[j]
        level += left
    easy[0] = 1 / (strength + left_over)
    easy[1] = 1 / max(level, LEAST_INTERCEPT)


@compiled
def renew_records(
    products: Any,
    spread: Any,
    weight: Any,
    strength: Any,
    floor: Any,
    probability: Any,
    preconditioner: tuple[Any, Any, Any, Any],
    eps: float,
    plain: bool,
) -> None:
    """Make the preconditioner over the records that of the curvature where the columns have ``probability`` (c, n).

    ``plain`` takes it as equal in all directions, which rounding cannot spoil.
    """
    factor, effect, pair, easy = preconditioner
    c, n = probability.shape
    _split(spread, weight, strength, floor, probability, pair, easy, plain)
    for j in range(n):
        effect[0, j] = easy[1]
    for i in range(n):
        into, row = factor[i], effect[i + 1]
        for j in range(n):
            row[j] = easy[1] + easy[0] * products[i, j]
            into[j] = 0
        for t in range(c):
            value, other = pair[t, i], pair[t]
            for j in range(i + 1):
                into[j] += value * other[j]
        for j in range(i + 1):
            into[j] *= row[j]
        into[i] += 1
    factorise(factor, eps)


@compiled
def renew_features(
    kind: int,
    design: Any,
    across: Any,
    weight: Any,
    strength: Any,
    floor: Any,
    probability: Any,
    preconditioner: tuple[Any, Any, Any, Any],
    eps: float,
    plain: bool,
) -> None:
    """Make the preconditioner over the features that of the curvature where the columns have ``probability`` (c, n).

    ``plain`` keeps of the curvature its diagonal, which rounding cannot spoil.
    """
    factor, inverse = preconditioner[0], preconditioner[1]
    c, n = probability.shape
    m = across.shape[0]
    blocks = 1 if kind == BLOCKS else c
    scaled, block = np.empty_like(across), np.empty((m, m), across.dtype)
    total = 0.0
    for j in range(n):
        total += weight[j]
    for row in range(blocks):
        for column in range(row + 1):
            for j in range(n):
                share = 0.0
                if kind == BLOCKS:
                    for i in range(c):
                        share += probability[i, j] * probability[i, j]
                    share = SHARED * max(1 - share, floor)
                elif row == column:
                    share = max(probability[row, j] * (1 - probability[row, j]), floor)
                else:
                    share = -probability[row, j] * probability[column, j]
                share *= weight[j]
                for a in range(m):
                    scaled[a, j] = across[a, j] * share
            times(scaled, design, block)
            if blocks > 1:
                # A shift of all intercepts changes nothing, so any curvature will do for it but none.
                block[m - 1, m - 1] += total
            for a in range(m):
                for b in range(m):
                    factor[row * m + a, column * m + b] = block[a, b]
    for i in range(blocks * m):
        if i % m != m - 1:
            factor[i, i] += strength
        elif kind == BLOCKS:
            factor[i, i] += LEAST_INTERCEPT
    if plain:
        for i in range(blocks * m):
            for j in range(i):
                factor[i, j] = 0
    factorise(factor, eps)
    if kind == BLOCKS:
        invert(factor, inverse)


@compiled
def renew(
    kind: int,
    records: tuple[Any, Any, Any, Any],
    weight: Any,
    penalty: tuple[Any, Any],
    probability: Any,
    preconditioner: tuple[Any, Any, Any, Any],
    eps: float,
    plain: bool,
) -> None:
    """Make the preconditioner anew from the curvature here, or from what of it rounding cannot spoil."""
    design, across, spread = records[:3]
    strength, floor = penalty
    if kind != RECORDS:
        renew_features(kind, design, across, weight, strength, floor, probability, preconditioner, eps, plain)
    else:
        renew_records(design, spread, weight, strength, floor, probability, preconditioner, eps, plain)


@summing
def against(kind: int, gradient: Any, step: Any, change: Any) -> Any:
    """Return slope along a step of a place that has this gradient."""
    c, q = gradient.shape
    total = gradient[0, 0] * 0
    for i in range(c):
        if kind == RECORDS:
            total += gradient[i, 0] * step[i, q - 1]
            for j in range(q - 1):
                total += gradient[i, 1 + j] * change[i, j]
        else:
            for j in range(q):
                total += gradient[i, j] * step[i, j]
    return total


@summing
def penalty_along(kind: int, strength: Any, step: Any, change: Any) -> Any:
    """Return second derivative of the penalty along a step."""
    c, q = step.shape
    total = step[0, 0] * 0
    for i in range(c):
        if kind == RECORDS:
            shift = step[i, q - 1]
            for j in range(q - 1):
                total += step[i, j] * (change[i, j] - shift)
        else:
            for j in range(q - 1):
                total += step[i, j] * step[i, j]
    return total * strength


@summing
def curvature_along(probability: Any, weight: Any, change: Any, room: Any) -> Any:
    """Return second derivative of the loss along a change of the logits. ``room`` is (2, n)."""
    c, n = probability.shape
    mean, square = room[0], room[1]
    fill(room, 0)
    for i in range(c):
        for j in range(n):
            moved = probability[i, j] * change[i, j]
            mean[j] += moved
            square[j] += moved * change[i, j]
    total = mean[0] * 0
    for j in range(n):
        total += (square[j] - mean[j] * mean[j]) * weight[j]
    return total


@summing
def residual_along(probability: Any, targets: Any, weight: Any, along: Any, out: Any) -> Any:
    """Return the derivative of the loss by the logits into ``out`` (c, n), and its product with ``along``."""
    total = probability[0, 0] * 0
    for i in range(probability.shape[0]):
        for j in range(probability.shape[1]):
            out[i, j] = probability[i, j] * weight[j] - targets[i, j]
            total += out[i, j] * along[i, j]
    return total


@compiled
def steepness(
    kind: int, records: Any, weight: Any, penalty: tuple[Any, Any], probability: Any, gradient: Any, enough: float
) -> float:
    """Return the largest derivative by a coefficient over the root of its own curvature.

    It never exceeds the Newton decrement, and needs no preconditioner. ``records`` have a column of ones (n, m). Up to
    ``enough`` the penalty may stand for the curvature. Not a number where a derivative or a curvature is none, or
    infinite.
    """
    strength, floor = penalty
    (n, m), c = records.shape, len(gradient)
    slope, own, most = np.empty((c, m), records.dtype), np.empty(n, records.dtype), 0.0
    if kind == RECORDS:
        times(gradient[:, 1:], records, slope)
        for i in range(c):
            slope[i, m - 1] += gradient[i, 0]
    else:
        copy(gradient, slope)
    for i in range(c):
        # Where every record is sure the intercept has no curvature, and of its derivative only rounding is left.
        level = 0.0
        for j in range(n):
            own[j] = probability[i, j] * (1 - probability[i, j]) * weight[j]
            level += own[j] + floor * weight[j]
        for a in range(m):
            curvature = level if a == m - 1 else float(strength)
            if a < m - 1 and not abs(slope[i, a]) <= enough * math.sqrt(strength):
                for j in range(n):
                    curvature += own[j] * records[j, a] * records[j, a]
            relative = abs(slope[i, a]) / math.sqrt(curvature) if math.isfinite(curvature) else math.nan
            if math.isnan(relative):
                return relative
            most = max(most, relative)
    return most
