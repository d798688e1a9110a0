"""Penalised logistic regression of one episode by a preconditioned conjugate gradient, compiled for the processor.

The method is that of :mod:`alrl.learners.softmax.conjugate_gradient`, which solves many episodes in step on an
accelerator: here each runs by itself, its numbers staying in the cache. Shapes: c columns of parameters (one for two
classes, else one a class seen), n labelled records, m features with the intercept, q parameters of a column.

``design`` holds the records with a column of ones (n, m), or their products with each other (n, n) when solving over
the records; ``across`` is its transpose. ``targets`` (c, n) are the weight of a record where it is of the column's
class, else 0. ``change`` is what a ``step`` of the parameters (c, q) does to the logits (c, n).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from alrl.learners.softmax.compiled_arithmetic import copy, fill, solve, times, to_probability
from alrl.learners.softmax.compiled_preconditioner import (
    BLOCKS,
    RECORDS,
    WHOLE,
    against,
    curvature_along,
    penalty_along,
    renew,
    residual_along,
    steepness,
)
from alrl.learners.softmax.conjugate_gradient import NOISE, PATIENCE, REPAIRS, RUNAWAY, SEARCH, SLOPE_LEFT, STEEP, STRAY
from alrl.numerics.backend import compiled


@compiled
def _logits(kind: int, across: Any, parameters: Any, out: Any) -> None:
    """Logits (c, n) of parameters (c, q)."""
    if kind != RECORDS:
        times(parameters, across, out)
        return
    c, n = out.shape
    times(parameters, across, out)
    for i in range(c):
        for j in range(n):
            out[i, j] += parameters[i, n]


@compiled
def _gradient(kind: int, design: Any, strength: Any, parameters: Any, residual: Any, out: Any) -> None:
    """Gradient (c, q) given the derivative of the loss by the logits (c, n)."""
    c, q = parameters.shape
    if kind != RECORDS:
        times(residual, design, out)
        for i in range(c):
            for j in range(q - 1):
                out[i, j] += strength * parameters[i, j]
        return
    for i in range(c):
        out[i, 0] = 0
        for j in range(q - 1):
            pull = strength * parameters[i, j]
            out[i, 1 + j] = residual[i, j] + pull
            out[i, 0] -= pull


@compiled
def _precondition(
    kind: int, across: Any, preconditioner: tuple[Any, Any, Any, Any], gradient: Any, rest: Any, step: Any, change: Any
) -> None:
    """Write the step (c, q), and its change of the logits (c, n), that the preconditioner makes of a gradient (c, q).

    ``rest`` is room of the gradient's shape.
    """
    factor, inverse, pair, easy = preconditioner
    c, q = gradient.shape
    if kind == WHOLE:
        copy(gradient, step)
        solve(factor, step.reshape(c * q))
    elif kind == BLOCKS:
        times(gradient, inverse, step)
    if kind != RECORDS:
        times(step, across, change)
        return
    n = q - 1
    times(gradient, inverse, change)
    solved = np.empty(n, gradient.dtype)
    for j in range(n):
        solved[j] = change[0, j] * pair[0, j]
    for i in range(1, c):
        for j in range(n):
            solved[j] += change[i, j] * pair[i, j]
    solve(factor, solved)
    for i in range(c):
        rest[i, 0] = gradient[i, 0]
        total = gradient[i, 0]
        for j in range(n):
            left = gradient[i, 1 + j] - pair[i, j] * solved[j]
            rest[i, 1 + j] = left
            step[i, j] = left * easy[0]
            total += left
        step[i, n] = total * easy[1]
    times(rest, inverse, change)


@compiled
def _move(start: Any, direction: Any, length: Any, out: Any) -> None:
    """``start`` minus ``length`` times ``direction``, each (c, n)."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = start[i, j] - length * direction[i, j]


@compiled
def _turn(step: Any, factor: Any, direction: Any) -> None:
    """Replace the direction (c, n) by the step plus ``factor`` times itself."""
    for i in range(step.shape[0]):
        for j in range(step.shape[1]):
            direction[i, j] = step[i, j] + factor * direction[i, j]


@compiled
def _finite(values: Any) -> bool:
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if not math.isfinite(values[i, j]):
                return False
    return True


@compiled
def _search(
    old: Any,
    along: Any,
    slope: Any,
    penalty: Any,
    loss: tuple[Any, Any],
    place: tuple[Any, Any, Any],
    room: Any,
    limits: tuple[Any, Any],
) -> tuple[Any, Any, bool, int]:
    """Return how far to go against a direction so that little of the slope is left.

    Logits, probability, residual follow.

    Newton's method on the slope, kept within a bracket; close to a solution one step is enough. Returns the length,
    the slope there, whether the slope at the start is lost in rounding, and the passes over the records.
    """
    targets, weight = loss
    logits, probability, residual = place
    eps, tiny = limits
    linear = slope - residual_along(probability, targets, weight, along, residual)
    length = slope / max(max(curvature_along(probability, weight, along, room), 0) + penalty, tiny)
    low = slope * 0
    high = low + np.inf
    # What rounding leaves of the slope where its parts cancel: to search for less would lead anywhere.
    noise = NOISE * eps * (abs(linear) + abs(slope - linear))
    enough = max(SLOPE_LEFT * slope, noise)
    here, passes = low, 0
    for _ in range(SEARCH):
        _move(old, along, length, logits)
        copy(logits, probability)
        to_probability(probability, room)
        here = residual_along(probability, targets, weight, along, residual) + linear - length * penalty
        passes += 1
        if not abs(here) > enough:
            break
        if here > 0:
            low = length
        else:
            high = length
        guess = length + here / max(max(curvature_along(probability, weight, along, room), 0) + penalty, tiny)
        inside = guess > low and guess < high and (guess < 4 * length or high < np.inf)
        length = guess if inside else (2 * length if high == np.inf else (low + high) / 2)
    return length, here, noise > slope, passes


@compiled
def minimise(
    kind: int,
    records: tuple[Any, Any, Any, Any],
    loss: tuple[Any, Any],
    penalty: tuple[Any, Any],
    preconditioner: tuple[Any, Any, Any, Any],
    parameters: Any,
    stop: tuple[float, int],
) -> tuple[int, bool, int, int]:
    """Return Minimise from ``parameters`` (c, q) on, in place, until the Newton decrement is at most the tolerance.

    ``records`` are design, transpose, spread, and the records with a column of ones, ``loss``
    targets and weight, ``penalty`` its strength and the floor of a record's curvature, ``preconditioner`` room for
    factor, inverse, pair and easy, ``stop`` the tolerance and the largest number of iterations. Returns the iterations,
    whether the tolerance was met, by the decrement and by the gradient itself, the passes over the records, and how
    often the preconditioner was made. A fit that does not improve for a while ends at its best place: rounding allows
    no better. One whose search runs into infinity keeps its start.
    """
    design, across = records[:2]
    targets, weight = loss
    strength = penalty[0]
    tolerance, most = stop
    c, q = parameters.shape
    n = targets.shape[1]
    dtype = parameters.dtype
    limits = (np.finfo(dtype).eps, np.finfo(dtype).tiny)
    logits, probability, residual = np.empty((c, n), dtype), np.empty((c, n), dtype), np.empty((c, n), dtype)
    change, along, old = np.empty((c, n), dtype), np.empty((c, n), dtype), np.empty((c, n), dtype)
    gradient, step, direction = np.empty((c, q), dtype), np.empty((c, q), dtype), np.empty((c, q), dtype)
    rest, before, start = np.empty((c, q), dtype), np.empty((c, q), dtype), np.empty((c, q), dtype)
    room, kept = np.empty((2, n), dtype), np.empty((c, q), dtype)
    copy(parameters, start)
    fill(along, 0)
    _logits(kind, across, parameters, logits)
    copy(logits, probability)
    to_probability(probability, room)
    residual_along(probability, targets, weight, along, residual)
    _gradient(kind, design, strength, parameters, residual, gradient)
    slope = decrement = best = here = strength * 0
    waited, count, passes, made = 0, 0, 1, 0
    doubted, repairs, converged = 0, 0, False
    while True:
        last, common = decrement, slope
        anew = count == 0 or (count >= 8 and count & (count - 1) == 0) or doubted > 0
        if anew:
            # The preconditioner after 8, 16, 32, ... iterations: the curvature has changed by then.
            renew(kind, records, weight, penalty, probability, preconditioner, limits[0], doubted > 1)
            made += 1
        else:
            # Polak and Ribiere: what the new gradient has in common with the old step is left out.
            common = against(kind, gradient, step, change)
        _precondition(kind, across, preconditioner, gradient, rest, step, change)
        decrement = against(kind, gradient, step, change)
        factor = strength * 0
        if anew:
            best, waited = decrement, 0
            copy(parameters, kept)
        else:
            factor = max((decrement - common) / max(last, limits[1]), factor)
            if 0 <= decrement < 0.9 * best:
                best = decrement
                copy(parameters, kept)
                waited = 0 if waited < PATIENCE else waited + 1
            else:
                waited += 1
        slope = decrement + factor * here
        if slope < 0.1 * decrement or anew:
            slope, factor = decrement, strength * 0
        if factor == 0:
            copy(step, direction)
            copy(change, along)
        else:
            _turn(step, factor, direction)
            _turn(change, factor, along)
        if not 0 <= decrement <= RUNAWAY * best and repairs < REPAIRS:
            # The search has run away along a direction without curvature: back to the best place.
            copy(kept, parameters)
            _logits(kind, across, parameters, logits)
            copy(logits, probability)
            to_probability(probability, room)
            residual_along(probability, targets, weight, along, residual)
            _gradient(kind, design, strength, parameters, residual, gradient)
            doubted, repairs = 2 if anew else 1, repairs + 1
            continue
        doubted = 0
        if not decrement > tolerance * tolerance:
            enough = STEEP * tolerance
            steep = steepness(kind, records[3], weight, penalty, probability, gradient, enough)
            converged = decrement >= 0 and steep <= enough
            # Rounding or an old curvature can leave a decrement that is negative, or small where the gradient is not.
            stray = not (decrement > 0 and steep <= STRAY * tolerance)
            if not converged and repairs < REPAIRS and (stray or not anew):
                doubted, repairs = 2 if anew else 1, repairs + 1
                continue
        if (waited >= PATIENCE or not math.isfinite(decrement)) and not converged:
            # Where rounding is all that is left, later places wander off.
            copy(kept, parameters)
        if converged or count >= most or waited >= PATIENCE or not decrement > 0:
            break
        copy(parameters, before)
        copy(logits, old)
        # Curvatures are never negative but by rounding, and a search along a negative one would not end.
        curved = max(penalty_along(kind, strength, direction, along), strength * 0)
        length, here, lost, more = _search(
            old, along, slope, curved, (targets, weight), (logits, probability, residual), room, limits
        )
        if lost:
            waited = PATIENCE
        _move(before, direction, length, parameters)
        _gradient(kind, design, strength, parameters, residual, gradient)
        passes += more
        count += 1
    if not _finite(parameters):
        copy(start, parameters)
        return count, False, passes, made
    return count, converged, passes, made
