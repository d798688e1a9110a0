"""A batched preconditioned conjugate gradient: many small convex problems at once, each with its own convergence.

Fletcher & Reeves 1964; Polak & Ribière 1969; the restarts are those of Powell 1977. The loss depends on the parameters
through logits alone, which are linear in them, so parameters and logits move as one, and the line search costs no pass
over the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import torch
from torch import Tensor

from alrl.learners.softmax.curvature import LogisticLoss

COMPACT = 0.65
PATIENCE = 25
RENEWALS = (8, 16, 32, 64, 128)
"""Iterations after which the preconditioner is made anew for what is still at work."""
SEARCH = 40
NOISE = 8.0
SLOPE_LEFT = 0.3
REPAIRS = 6
"""How often a preconditioner may be made anew because it is not to be trusted."""
STEEP = 2.0
"""Largest derivative of a solution, in tolerances, relative to the root of its parameter's own curvature."""
RUNAWAY = 1e8
"""How many times the least decrement one may be before the search has run away on a flat direction; below 0 it has."""
STRAY = 100.0
"""The same, where a preconditioner of the curvature at that very place is of no use."""


class Problem(Protocol):
    """B convex problems: a loss of logits plus a quadratic penalty, over parameters of some coordinates.

    A place and a step hold parameters and logits side by side, (B, c, m + n): m parameters and n records for each of c
    columns. What a gradient ``g`` (B, c, l) says of a step is its product with l numbers of it, ``step[dual]``.
    """

    @property
    def loss(self) -> LogisticLoss:
        """The loss of the logits."""

    @property
    def dual(self) -> slice:
        """Where in the last axis of a step the numbers lie that a gradient is multiplied with."""

    def place(self, parameters: Tensor) -> Tensor:
        """Return parameters (B, c, m) with their logits, (B, c, m + n)."""

    def gradient(self, place: Tensor, residual: Tensor) -> Tensor:
        """Return gradient of loss and penalty, (B, c, l), given the derivative of the loss by the logits (B, c, n)."""

    def precondition(self, gradient: Tensor) -> Tensor:
        """Return step that a symmetric, positive definite approximation of inverse Hessian makes of ``gradient``."""

    def penalty_along(self, step: Tensor) -> Tensor:
        """Return second derivative of the penalty in the direction of ``step``, (B, 1, 1)."""

    def steepness(self, place: Tensor, gradient: Tensor, probability: Tensor) -> Tensor:
        """Return the largest derivative by a coefficient over the root of its own curvature, squared, (B, 1, 1).

        It never exceeds the Newton decrement squared, and needs no preconditioner.
        """

    def renewed(self, probability: Tensor, *, plain: bool = False) -> Self:
        """Return the same, preconditioned by the curvature where the classes have ``probability`` (B, c, n).

        ``plain`` takes of the curvature only what rounding cannot spoil, as if parameters did not act on each other.
        """

    def put(self, episodes: Tensor, other: Self) -> Self:
        """Return the same with the preconditioners of ``other`` at ``episodes`` (long)."""

    def take(self, episodes: Tensor) -> Self:
        """Return the problems of ``episodes`` (long)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Solution of each problem: parameters (B, c, m), iterations (B,) and whether its tolerance was met (B,)."""

    parameters: Tensor
    iterations: Tensor
    converged: Tensor


@dataclass(kw_only=True, eq=False)
class _State:
    """The problems still at work; every tensor has the problem as its first axis.

    The next place lies against ``direction``, along which the loss rises by ``slope``.
    """

    place: Tensor
    probability: Tensor
    residual: Tensor
    gradient: Tensor
    step: Tensor
    direction: Tensor
    slope: Tensor
    decrement: Tensor
    best: Tensor
    kept: Tensor
    waited: Tensor
    done: Tensor
    converged: Tensor
    repairs: Tensor

    def take(self, index: Tensor) -> _State:
        parts: dict[str, Any] = {name: value[index] for name, value in vars(self).items()}
        return _State(**parts)

    def put(self, index: Tensor, other: _State) -> None:
        """Replace the problems ``index`` (long) by ``other``."""
        for name, value in vars(other).items():
            # Out of place: some tensors are the same one.
            setattr(self, name, getattr(self, name).index_copy(0, index, value))


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum((1, 2), keepdim=True)


def _begin(problem: Problem, start: Tensor) -> _State:
    place = problem.place(start)
    probability = problem.loss.probability(place[..., start.shape[2] :])
    residual = problem.loss.residual(probability)
    gradient = problem.gradient(place, residual)
    step = problem.precondition(gradient)
    decrement = _dot(gradient, step[..., problem.dual])
    return _State(
        place=place,
        probability=probability,
        residual=residual,
        gradient=gradient,
        step=step,
        direction=step,
        slope=decrement,
        decrement=decrement,
        best=decrement,
        kept=place,
        waited=torch.zeros_like(decrement),
        done=torch.zeros_like(decrement, dtype=torch.bool),
        converged=torch.zeros_like(decrement, dtype=torch.bool),
        repairs=torch.zeros_like(decrement),
    )


def _restart(problem: Problem, state: _State) -> None:
    """Go on with a new preconditioner."""
    state.step = state.direction = problem.precondition(state.gradient)
    state.slope = state.decrement = state.best = _dot(state.gradient, state.step[..., problem.dual])
    state.kept, state.waited = state.place, torch.zeros_like(state.waited)


def _settle(problem: Problem, state: _State, tolerance: float) -> Problem:
    """End what has converged or cannot; make anew the preconditioners that are not to be trusted, and return them.

    Rounding or a curvature of long ago can leave a preconditioner whose decrement is negative, or small where
    the gradient is not. It is made anew from the curvature here, and where that is no better, plain.
    """
    sound = (state.decrement >= 0) & (state.decrement <= RUNAWAY * state.best) | state.done
    away = (~sound).flatten().nonzero()[:, 0]
    if len(away):
        _return(problem, state, away)
    for plain in (False, True):
        index = _doubtful(problem, state, tolerance, STEEP if not plain else STRAY)
        if len(index) == 0:
            break
        part, repaired = problem.take(index).renewed(state.probability[index], plain=plain), state.take(index)
        problem = problem.put(index, part)
        _restart(part, repaired)
        repaired.repairs = repaired.repairs + 1
        state.put(index, repaired)
    else:
        _doubtful(problem, state, tolerance, STEEP)
    # Once done stays done: rounding in another company must not wake a problem again.
    lost = ((state.waited >= PATIENCE) | ~state.decrement.isfinite()) & ~state.done
    # Where rounding is all that is left, later places wander off.
    state.place = torch.where(lost, state.kept, state.place)
    state.done |= lost | ~(state.decrement > 0)
    return problem


def _return(problem: Problem, state: _State, index: Tensor) -> None:
    """Put the problems ``index`` (long) back to their best places, their decrements to be doubted."""
    part, back = problem.take(index), state.take(index)
    back.place = back.kept
    back.probability = part.loss.probability(back.place[..., -back.probability.shape[2] :])
    back.residual = part.loss.residual(back.probability)
    back.gradient = part.gradient(back.place, back.residual)
    back.decrement = torch.full_like(back.decrement, -1.0)
    state.put(index, back)


def _doubtful(problem: Problem, state: _State, tolerance: float, most: float) -> Tensor:
    """Mark the problems that have converged; return those (long) whose decrement contradicts their gradient.

    A decrement that meets the tolerance does so where the steepness exceeds ``most`` tolerances.
    """
    met = ~(state.decrement > tolerance**2)
    index = (met & ~state.done).flatten().nonzero()[:, 0]
    if len(index) == 0:
        return index
    decrement = state.decrement[index]
    steep = problem.take(index).steepness(state.place[index], state.gradient[index], state.probability[index]).sqrt()
    state.converged[index] = (decrement >= 0) & (steep <= STEEP * tolerance)
    state.done |= state.converged
    repairable = ~((decrement > 0) & (steep <= most * tolerance)) & (state.repairs[index] < REPAIRS)
    return index[(repairable & ~state.done[index]).flatten()]


def _search(problem: Problem, state: _State, active: Tensor) -> Tensor:
    """Move against the direction, to where little of the slope is left; the slope there, (B, 1, 1).

    Newton's method on the slope, kept within a bracket. Where one step takes away enough, as it does close to a
    solution, that is all.
    """
    loss, start, records = problem.loss, state.place, state.probability.shape[2]
    along = state.direction[..., -records:]
    # Curvatures are never negative but by rounding, and a search along a negative one would not end.
    penalty = problem.penalty_along(state.direction).clamp_min_(0)
    linear = state.slope - _dot(state.residual, along)
    tiny = torch.finfo(penalty.dtype).tiny
    curvature = loss.curvature_along(state.probability, along).clamp_min_(0) + penalty
    length = torch.where(active, state.slope / curvature.clamp_min_(tiny), 0.0)
    low, high = torch.zeros_like(length), torch.full_like(length, torch.inf)
    # What rounding leaves of the slope where its parts cancel: to search for less would lead anywhere.
    noise = NOISE * torch.finfo(penalty.dtype).eps * (linear.abs() + (state.slope - linear).abs())
    enough = (SLOPE_LEFT * state.slope).maximum(noise)
    state.waited = state.waited.masked_fill(noise > state.slope, PATIENCE)
    for _ in range(SEARCH):
        state.place = torch.addcmul(start, state.direction, length, value=-1)
        state.probability = loss.probability(state.place[..., -records:])
        state.residual = loss.residual(state.probability)
        here = _dot(state.residual, along) + linear - length * penalty
        steep = (here.abs() > enough) & active
        if not bool(steep.any()):
            break
        low, high = torch.where(here > 0, length, low), torch.where(here > 0, high, length)
        curvature = loss.curvature_along(state.probability, along).clamp_min_(0) + penalty
        guess = length + here / curvature.clamp_min_(tiny)
        middle = torch.where(high.isinf(), 2 * length, (low + high) / 2)
        inside = (guess > low) & (guess < high) & ((guess < 4 * length) | high.isfinite())
        length = torch.where(steep, torch.where(inside, guess, middle), length)
    return here


def _advance(problem: Problem, state: _State) -> None:
    """One step of every problem that is not done; the others stand still."""
    here = _search(problem, state, ~state.done)
    gradient = problem.gradient(state.place, state.residual)
    step = problem.precondition(gradient)
    decrement = _dot(gradient, step[..., problem.dual])
    before = state.decrement.clamp_min(torch.finfo(decrement.dtype).tiny)
    factor = ((decrement - _dot(gradient, state.step[..., problem.dual])) / before).clamp_min_(0)
    slope = torch.addcmul(decrement, factor, here)
    weak = slope < 0.1 * decrement
    state.slope = torch.where(weak, decrement, slope)
    state.direction = torch.addcmul(step, state.direction, factor.masked_fill_(weak, 0.0))
    state.gradient, state.step, state.decrement = gradient, step, decrement
    better = (decrement >= 0) & (decrement < 0.9 * state.best)
    state.waited = torch.where(better & (state.waited < PATIENCE), 0.0, state.waited + 1)
    state.best, state.kept = torch.where(better, decrement, state.best), torch.where(better, state.place, state.kept)


def minimise(problem: Problem, start: Tensor, *, tolerance: float, max_iterations: int) -> Solution:
    """Return Minimise every problem from ``start`` (B, c, m) until its Newton decrement is at most ``tolerance``.

    It has converged only where the gradient itself is small too. A problem that has converged stands still at once, so
    its result does not depend on the problems beside it, and leaves the batch when enough have, so it stops costing.
    One that does not improve for 25 iterations ends unconverged at its best place: rounding allows no better. One whose
    search runs into infinity keeps its start, unconverged.
    """
    state, rows, size = _begin(problem, start), torch.arange(len(start), device=start.device), start.shape[2]
    parameters, iterations = start.clone(), torch.zeros_like(rows)
    converged = torch.zeros_like(state.converged)
    for count in range(max_iterations):
        problem = _settle(problem, state, tolerance)
        index = (~state.done).flatten().nonzero()[:, 0]
        if len(index) == 0:
            break
        renewal = count in RENEWALS
        if renewal or len(index) < COMPACT * len(rows):
            parameters[rows], converged[rows] = state.place[..., :size], state.converged
            state, problem, rows = state.take(index), problem.take(index), rows[index]
        if renewal:
            problem = problem.renewed(state.probability)
            _restart(problem, state)
        iterations[rows] += (~state.done).flatten().to(iterations.dtype)
        _advance(problem, state)
    _doubtful(problem, state, tolerance, STEEP)
    parameters[rows], converged[rows] = state.place[..., :size], state.converged
    # A search that rounding led to infinity must not spoil this fit's predictions and the next fit's start.
    broken = ~parameters.isfinite().all(2, keepdim=True).all(1, keepdim=True)
    parameters = torch.where(broken, start, parameters)
    return Solution(parameters=parameters, iterations=iterations, converged=(converged & ~broken).flatten())
