"""How steep and how curved one episode's loss is along a step, compiled for the processor.

The names of what is passed are those of :mod:`alrl.learners.compiled_solver`.
"""

from __future__ import annotations

from typing import Any

from alrl.learners.compiled_arithmetic import fill
from alrl.learners.compiled_preconditioner import RECORDS
from alrl.loop.compilation import summing


@summing
def against(kind: int, gradient: Any, step: Any, change: Any) -> Any:
    """Slope along a step of a place that has this gradient."""
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
    """Second derivative of the penalty along a step."""
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
    """Second derivative of the loss along a change of the logits. ``room`` is (2, n)."""
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
    """The derivative of the loss by the logits into ``out`` (c, n), and its product with ``along``."""
    total = probability[0, 0] * 0
    for i in range(probability.shape[0]):
        for j in range(probability.shape[1]):
            out[i, j] = probability[i, j] * weight[j] - targets[i, j]
            total += out[i, j] * along[i, j]
    return total
