"""A batched limited-memory quasi-Newton solver: many small convex problems at once, each with its own convergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

MEMORY = 8
SHRINK = 0.3
COMPACT = 0.7
SMALLEST_STEP = 1e-4


class Objective(Protocol):
    """B convex problems over parameters of shape (B, r, c), with a preconditioner for each."""

    def evaluate(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Loss (B,) and gradient (B, r, c)."""

    def precondition(self, gradient: Tensor) -> Tensor:
        """An approximation of the inverse Hessian times ``gradient`` (B, r, c), symmetric and positive definite."""

    def take(self, episodes: Tensor) -> Self:
        """The problems of ``episodes`` (long)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Where each problem ended: parameters (B, r, c), iterations (B,) and whether its tolerance was met (B,)."""

    parameters: Tensor
    iterations: Tensor
    converged: Tensor


@dataclass(kw_only=True, eq=False)
class _State:
    """The problems still at work; every tensor has the problem as its first axis."""

    position: Tensor
    loss: Tensor
    gradient: Tensor
    direction: Tensor
    decrement: Tensor
    scale: Tensor
    history: list[tuple[Tensor, Tensor, Tensor]]

    def take(self, index: Tensor) -> _State:
        tensors = {name: value[index] for name, value in vars(self).items() if isinstance(value, Tensor)}
        return _State(**tensors, history=[(s[index], y[index], rho[index]) for s, y, rho in self.history])


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum((1, 2))


def _begin(objective: Objective, start: Tensor) -> _State:
    loss, gradient = objective.evaluate(start)
    step = objective.precondition(gradient)
    decrement = _dot(gradient, step).clamp_min(0).sqrt()
    one = torch.ones_like(loss)
    return _State(
        position=start,
        loss=loss,
        gradient=gradient,
        direction=-step,
        decrement=decrement,
        scale=one,
        history=[],
    )


def _quasi_newton(objective: Objective, state: _State) -> tuple[Tensor, Tensor]:
    """Descent direction by the two-loop recursion (Nocedal 1980) and the Newton decrement that it implies, (B,)."""
    q, kept = state.gradient, []
    for s, y, rho in reversed(state.history):
        a = rho * _dot(s, q)
        kept.append(a)
        q = q - a[:, None, None] * y
    r = objective.precondition(q)
    for (s, y, rho), a in zip(state.history, reversed(kept), strict=True):
        r = r + (a - rho * _dot(y, r))[:, None, None] * s
    return -r, _dot(state.gradient, r).clamp_min(0).sqrt()


def _advance(objective: Objective, state: _State, active: Tensor) -> None:
    """Try the step of every active problem: accept it where the loss does not rise, else shorten it for the next try."""
    trial = state.position + state.scale[:, None, None] * state.direction
    loss, gradient = objective.evaluate(trial)
    slack = 8 * torch.finfo(loss.dtype).eps * (1 + state.loss.abs())
    accepted = active & (loss <= state.loss + slack)
    keep = accepted[:, None, None]
    s = torch.where(keep, trial - state.position, 0.0)
    y = torch.where(keep, gradient - state.gradient, 0.0)
    curvature = _dot(s, y)
    usable = curvature > torch.finfo(s.dtype).tiny
    rho = torch.where(usable, 1 / torch.where(usable, curvature, 1.0), 0.0)
    state.history = [*state.history, (s, y, rho)][-MEMORY:]
    state.position = torch.where(keep, trial, state.position)
    state.loss = torch.where(accepted, loss, state.loss)
    state.gradient = torch.where(keep, gradient, state.gradient)
    direction, decrement = _quasi_newton(objective, state)
    state.direction = torch.where(keep, direction, state.direction)
    state.decrement = torch.where(accepted, decrement, state.decrement)
    state.scale = torch.where(accepted, 1.0, torch.where(active, state.scale * SHRINK, state.scale))


def minimise(objective: Objective, start: Tensor, *, tolerance: float, max_iterations: int) -> Solution:
    """Minimise every problem from ``start`` (B, r, c) until its Newton decrement is at most ``tolerance``.

    A problem that has converged is frozen at once, so its result does not depend on the problems beside it, and leaves
    the batch when enough have, so it stops costing.
    """
    state, rows = _begin(objective, start), torch.arange(len(start), device=start.device)
    parameters, iterations = start.clone(), torch.zeros_like(rows)
    converged = torch.zeros_like(rows, dtype=torch.bool)
    for _ in range(max_iterations):
        active = (state.decrement > tolerance) & (state.scale > SMALLEST_STEP)
        count = int(active.sum())
        if count == 0:
            break
        if count < COMPACT * len(rows):
            parameters[rows], converged[rows] = state.position, state.decrement <= tolerance
            index = active.nonzero()[:, 0]
            state, objective, rows, active = state.take(index), objective.take(index), rows[index], active[index]
        iterations[rows] += active.to(iterations.dtype)
        _advance(objective, state, active)
    parameters[rows], converged[rows] = state.position, state.decrement <= tolerance
    return Solution(parameters=parameters, iterations=iterations, converged=converged)
