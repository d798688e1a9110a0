"""A batched preconditioned conjugate gradient: many small convex problems at once, each with its own convergence.

Fletcher & Reeves 1964; Polak & Ribière 1969; the restarts are those of Powell 1977. The loss depends on the parameters
through logits alone, which are linear in them, so the line search costs no pass over the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor

from alrl.learners.logistic_loss import LogisticLoss

COMPACT = 0.75
PATIENCE = 25
SEARCH = 40
SLOPE_LEFT = 0.3


class Step(NamedTuple):
    """A change of the parameters of B problems, in three forms that are linear in it."""

    change: Tensor
    """In the problem's own coordinates, (B, c, m)."""
    dual: Tensor
    """What gives the slope along it: the sum of gradient times ``dual``, (B, c, m)."""
    logits: Tensor
    """Change of the logits, (B, c, n)."""

    def extend(self, step: Step, factor: Tensor) -> Step:
        """``factor`` (B, 1, 1) times this minus ``step``."""
        return Step(*(torch.addcmul(-new, old, factor) for old, new in zip(self, step, strict=True)))

    def reverse(self) -> Step:
        """Minus this."""
        return Step(-self.change, -self.dual, -self.logits)


class Problem(Protocol):
    """B convex problems: a loss of logits plus a quadratic penalty, over parameters (B, c, m) of some coordinates."""

    @property
    def loss(self) -> LogisticLoss:
        """The loss of the logits."""

    def logits(self, parameters: Tensor) -> Tensor:
        """Logits of the labelled records, (B, c, n)."""

    def gradient(self, parameters: Tensor, residual: Tensor) -> Tensor:
        """Gradient of loss and penalty, (B, c, m), given the derivative of the loss by the logits (B, c, n)."""

    def precondition(self, gradient: Tensor) -> Step:
        """An approximation of the inverse Hessian times ``gradient``, symmetric and positive definite."""

    def penalty_along(self, step: Step) -> Tensor:
        """Second derivative of the penalty in the direction of ``step``, (B, 1, 1)."""

    def take(self, episodes: Tensor) -> Self:
        """The problems of ``episodes`` (long)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Where each problem ended: parameters (B, c, m), iterations (B,) and whether its tolerance was met (B,)."""

    parameters: Tensor
    iterations: Tensor
    converged: Tensor


@dataclass(kw_only=True, eq=False)
class _State:
    """The problems still at work; every tensor has the problem as its first axis."""

    parameters: Tensor
    logits: Tensor
    probability: Tensor
    gradient: Tensor
    step: Step
    direction: Step
    decrement: Tensor
    best: Tensor
    waited: Tensor

    def take(self, index: Tensor) -> _State:
        return _State(**{
            name: Step(*(part[index] for part in value)) if isinstance(value, Step) else value[index]
            for name, value in vars(self).items()
        })


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum((1, 2), keepdim=True)


def _begin(problem: Problem, start: Tensor) -> _State:
    logits = problem.logits(start)
    probability = problem.loss.probability(logits)
    gradient = problem.gradient(start, problem.loss.residual(probability))
    step = problem.precondition(gradient)
    decrement = _dot(gradient, step.dual)
    return _State(
        parameters=start,
        logits=logits,
        probability=probability,
        gradient=gradient,
        step=step,
        direction=step.reverse(),
        decrement=decrement,
        best=decrement,
        waited=torch.zeros_like(decrement),
    )


def _search(problem: Problem, state: _State, active: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Length (B, 1, 1) of the step along the direction, with the logits and probabilities there.

    Newton's method on the slope, kept within a bracket. Where one step takes away enough of the slope, as it does close
    to a solution, that is all.
    """
    loss, along = problem.loss, state.direction.logits
    slope = _dot(state.gradient, state.direction.dual)
    penalty = problem.penalty_along(state.direction)
    linear = slope - _dot(loss.residual(state.probability), along)
    length = -slope / (loss.curvature_along(state.probability, along) + penalty)
    length = torch.where(active, length, 0.0)
    low, high = torch.zeros_like(length), torch.full_like(length, torch.inf)
    for _ in range(SEARCH):
        logits = torch.addcmul(state.logits, along, length)
        probability = loss.probability(logits)
        here = _dot(loss.residual(probability), along) + linear + length * penalty
        steep = active & (here.abs() > SLOPE_LEFT * slope.abs())
        if not bool(steep.any()):
            break
        low, high = torch.where(here < 0, length, low), torch.where(here < 0, high, length)
        guess = length - here / (loss.curvature_along(probability, along) + penalty)
        middle = torch.where(high.isinf(), 2 * length, (low + high) / 2)
        inside = (guess > low) & (guess < high) & ((guess < 4 * length) | high.isfinite())
        length = torch.where(steep, torch.where(inside, guess, middle), length)
    return length, logits, probability


def _advance(problem: Problem, state: _State, active: Tensor) -> None:
    """One step of every active problem; the others stand still."""
    length, state.logits, state.probability = _search(problem, state, active)
    state.parameters = torch.addcmul(state.parameters, state.direction.change, length)
    gradient = problem.gradient(state.parameters, problem.loss.residual(state.probability))
    step = problem.precondition(gradient)
    decrement = _dot(gradient, step.dual)
    factor = ((decrement - _dot(gradient, state.step.dual)) / state.decrement).clamp_min_(0)
    uphill = factor * _dot(gradient, state.direction.dual) >= 0.9 * decrement
    state.direction = state.direction.extend(step, factor.masked_fill_(uphill, 0.0))
    state.gradient, state.step, state.decrement = gradient, step, decrement
    better = decrement < 0.9 * state.best
    state.waited = torch.where(better, 0.0, state.waited + 1)
    state.best = torch.where(better, decrement, state.best)


def minimise(problem: Problem, start: Tensor, *, tolerance: float, max_iterations: int) -> Solution:
    """Minimise every problem from ``start`` (B, c, m) until its Newton decrement is at most ``tolerance``.

    A problem that has converged stands still at once, so its result does not depend on the problems beside it, and
    leaves the batch when enough have, so it stops costing. One that does not improve for 25 iterations ends
    unconverged: rounding allows no better.
    """
    state, rows = _begin(problem, start), torch.arange(len(start), device=start.device)
    parameters, iterations = start.clone(), torch.zeros_like(rows)
    decrement = torch.zeros_like(state.decrement)
    for _ in range(max_iterations):
        active = (state.decrement > tolerance**2) & (state.waited < PATIENCE)
        index = active.flatten().nonzero()[:, 0]
        if len(index) == 0:
            break
        if len(index) < COMPACT * len(rows):
            parameters[rows], decrement[rows] = state.parameters, state.decrement
            state, problem, rows, active = state.take(index), problem.take(index), rows[index], active[index]
        iterations[rows] += active.flatten().to(iterations.dtype)
        _advance(problem, state, active)
    parameters[rows], decrement[rows] = state.parameters, state.decrement
    return Solution(
        parameters=parameters, iterations=iterations, converged=decrement.flatten() <= tolerance**2
    )
