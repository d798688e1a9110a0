"""Multinomial logistic regression with an L2 penalty, for many episodes at once."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
import time
from typing import ClassVar, Literal, Self, get_args

import numpy as np
import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.learners.softmax.batched_softmax import BatchedSoftmax
from alrl.learners.softmax.softmax_state import SoftmaxState
from alrl.loop.learner import FitReport, Learner
from alrl.numerics.backend import compiles

Solver = Literal["auto", "compiled", "batched"]


class SoftmaxRegression(Learner):
    """Multinomial logistic regression of B episodes, the same model as scikit-learn's ``LogisticRegression(C)``.

    The intercept is not penalised. With two classes seen, the penalty is that of scikit-learn's binary model. Classes
    of which no record is labelled get probability zero; with one class seen, that class gets probability one.

    Args:
        C: inverse strength of the L2 penalty, above 0.
        tolerance: largest Newton decrement at which a fit ends (for a C above 1, times its inverse root). The default
            keeps probabilities within 1e-3 of the exact solution and most within 1e-4, 1e-6 in double precision within
            1e-5.
        warm_start: begin each fit at the last solution (True) or at zero (False). The solution is the same.
        max_iterations: solver iterations after which a fit ends unconverged, which its report says.
        double: compute in float64 instead of float32.
        solver: ``compiled`` works on one episode after another at its own size, in single precision on a processor,
            where it is many times faster; ``batched`` works on all in step, anywhere; ``auto`` takes what fits. A fit
            that single precision does not carry to the solution is made again in double precision.

    Raises InvalidRecipeError for a setting outside its range.

    >>> X = torch.tensor([[[-1.0], [1.0]]])
    >>> learner = SoftmaxRegression()
    >>> _ = learner.fit(X, torch.tensor([[0, 1]]), torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool))
    >>> learner.predict_proba(X)[0, 0, 0] > 0.5
    tensor(True)
    """

    name: ClassVar[str] = "softmax-regression"

    def __init__(
        self,
        *,
        C: float = 1.0,
        tolerance: float = 1e-4,
        warm_start: bool = True,
        max_iterations: int = 200,
        double: bool = False,
        solver: Solver = "auto",
    ) -> None:
        for name, value in (("C", C), ("tolerance", tolerance)):
            if not 0 < value < math.inf:
                raise InvalidRecipeError(f"softmax-regression: {name} = {value} given; allowed is any number above 0")
        if max_iterations < 1:
            raise InvalidRecipeError(f"softmax-regression: max_iterations = {max_iterations} given; give at least 1")
        self.C, self.tolerance, self.warm_start = C, tolerance, warm_start
        if solver not in get_args(Solver):
            raise InvalidRecipeError(
                f"softmax-regression: solver = {solver!r} given; allowed are {', '.join(get_args(Solver))}"
            )
        if double and solver == "compiled":
            raise InvalidRecipeError(
                "softmax-regression: the compiled solver is of single precision; take solver = auto"
            )
        self.max_iterations, self.double, self.solver = max_iterations, double, solver
        self._state: SoftmaxState | None = None

    @property
    def coefficients(self) -> Tensor:
        """Weights of the last fit, the intercept last: (B, k, D + 1).

        Raises InvalidRecipeError before the first fit.
        """
        return self._fitted.weights

    @property
    def _fitted(self) -> SoftmaxState:
        if self._state is None:
            raise InvalidRecipeError("softmax-regression: not fitted yet; call fit first")
        return self._state

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        dtype = torch.float64 if self.double else torch.float32
        X, weight = X.to(dtype), weight.to(dtype)
        before = self._state if self.warm_start else None
        k = class_mask.shape[1]
        state = SoftmaxState.empty(X, k) if before is None else before.widened(X, k)
        solve = self._solve_compiled if self._compiles(X) else self._solve_batched
        report = solve(state, X, y, weight, class_mask)
        lost = ~report.converged & (report.iterations < self.max_iterations)
        if not self.double and bool(lost.any()):
            self._fit_in_double(lost.nonzero()[:, 0].tolist(), state, report, (X, y, weight, class_mask))
        self._state = state
        return dataclasses.replace(report, seconds=time.perf_counter() - started)

    def _compiles(self, X: Tensor) -> bool:
        fits = compiles(X) and not self.double
        if self.solver == "compiled" and not fits:
            raise InvalidRecipeError(f"softmax-regression: the compiled solver runs on cpu, not on {X.device}")
        return fits and self.solver != "batched"

    @property
    def _decrement(self) -> float:
        """Newton decrement to reach: the weaker the penalty, the further from the solution one leaves the weights."""
        return self.tolerance * min(1.0, float(self.C**-0.5))

    def _solve_compiled(
        self, state: SoftmaxState, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor
    ) -> FitReport:
        from alrl.learners.softmax.compiled_softmax import fit_episodes

        (B, n, D), k = X.shape, class_mask.shape[1]
        before = tuple(part.contiguous().numpy() for part in (state.records, state.shares, state.shared))
        records, shares = np.empty((B, n, D), np.float32), np.empty((B, k, n + 1), np.float32)
        shared, seen = np.empty(B, bool), np.empty((B, k), bool)
        iterations, converged = np.empty(B, np.int64), np.empty(B, bool)
        multiply_adds, each = np.empty(B), np.empty(B)
        state.weights = state.weights.contiguous()
        fit_episodes(
            *(part.contiguous().numpy() for part in (X, y, weight, class_mask, state.weights)),
            before,
            (records, shares, shared, seen),
            (iterations, converged, multiply_adds, each),
            (self.C, self._decrement, self.max_iterations),
        )
        state.records, state.shares, state.shared, state.seen, state.each = (
            torch.from_numpy(part) for part in (records, shares, shared, seen, each)
        )
        return FitReport(
            iterations=torch.from_numpy(iterations),
            converged=torch.from_numpy(converged),
            multiply_adds=torch.from_numpy(multiply_adds),
        )

    def _solve_batched(
        self, state: SoftmaxState, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor
    ) -> FitReport:
        X = X * (weight > 0)[..., None]
        number = torch.zeros(*class_mask.shape, dtype=X.dtype, device=X.device)
        state.seen = (number.scatter_add_(1, y, weight) > 0) & class_mask
        classes, used = state.seen.sum(1), (X != 0).any(1).sum(1)
        state.each = torch.where(classes > 2, classes, classes - 1).clamp_min(0) * (used + 1.0).double()
        state.weights = torch.where((classes > 1)[:, None, None], state.weights, 0.0)
        start, state.records = state.shares_for(X), X
        state.shares, state.shared = torch.zeros_like(start), torch.zeros_like(state.shared)
        problems = BatchedSoftmax(
            state=state,
            X=X,
            y=y,
            weight=weight,
            class_mask=class_mask,
            C=self.C,
            tolerance=self._decrement,
            max_iterations=self.max_iterations,
        )
        iterations, converged = problems.solve(start)
        return FitReport(iterations=iterations, converged=converged)

    def _fit_in_double(
        self, lost: list[int], state: SoftmaxState, report: FitReport, given: tuple[Tensor, Tensor, Tensor, Tensor]
    ) -> None:
        """Fit the episodes ``lost`` again, each alone and at its own size, in double precision.

        Single precision does not carry them to the solution: a penalty that is all but none, columns of other units.
        """
        double = SoftmaxRegression(
            C=self.C, tolerance=self.tolerance, warm_start=False, max_iterations=self.max_iterations, double=True
        )
        for episode in lost:
            X, y, weight, class_mask = (part[episode] for part in given)
            rows = weight > 0
            used = (X[rows] != 0).any(0).nonzero()[:, 0]
            result = double.fit(X[rows][None, :, used], y[rows][None], weight[rows][None], class_mask[None])
            own, found = state.weights[episode].zero_(), double.coefficients[0].to(X.dtype)
            own[:, used], own[:, -1] = found[:, :-1], found[:, -1]
            state.shared[episode] = False
            report.iterations[episode] += result.iterations[0]
            report.converged[episode] = result.converged[0]

    def predict_proba(self, X: Tensor) -> Tensor:
        return self.predict_branches(X, 1)[:, 0]

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        weights, seen = self._fitted.weights, self._fitted.seen
        if self._compiles(X):
            return _predict_compiled(X, weights, seen, branches)
        k = weights.shape[1]
        paired = k == 2 and bool(seen.all())
        if paired:
            weights = weights[:, 1:] - weights[:, :1]
        # Records as columns: their few classes would make rows too short to be fast.
        flat = weights.reshape(X.shape[0], -1, weights.shape[2])
        logits = torch.baddbmm(flat[..., -1:], flat[..., :-1], X.to(weights.dtype).transpose(1, 2))
        if paired:
            second = torch.sigmoid_(logits)
            return torch.stack([1 - second, second], -1)
        logits = logits.unflatten(1, (branches, k))
        if not bool(seen.all()):
            logits.masked_fill_(~seen.view(X.shape[0], branches, k, 1), -torch.inf)
        return torch.softmax(logits, 2).transpose(2, 3).contiguous()

    def multiply_adds_a_record(self) -> Tensor:
        return self._fitted.each

    def restart(self, episodes: Tensor) -> None:
        if self._state is not None:
            self._state = self._state.cleared(episodes)

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._state = None if self._state is None else self._state.take(episodes)
        return part

    def with_max_iterations(self, iterations: int) -> Self:
        if iterations < 1:
            raise InvalidRecipeError(f"a maximum of {iterations} iterations given; a fit takes at least 1")
        part = self.fresh()
        part.max_iterations = min(iterations, self.max_iterations)
        if self._state is not None:
            part._state = self._state.take(torch.arange(len(self._state.seen), device=self._state.seen.device))
        return part

    def fresh(self) -> Self:
        return type(self)(**{name: getattr(self, name) for name in _SETTINGS})

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in _SETTINGS if getattr(self, name) != _SETTINGS[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def _predict_compiled(X: Tensor, weights: Tensor, seen: Tensor, branches: int) -> Tensor:
    """Return probabilities (B, branches, N, k), stored class by class: their few classes would make rows too short."""
    from alrl.learners.softmax.compiled_prediction import predict_episodes

    k, size = weights.shape[1:]
    columns = X.to(weights.dtype).transpose(1, 2).contiguous()
    out = weights.new_empty(X.shape[0], branches, k, X.shape[1])
    own = weights.view(X.shape[0], branches, k, size)
    predict_episodes(columns.numpy(), own.numpy(), seen.view(X.shape[0], branches, k).numpy(), out.numpy())
    return out.transpose(2, 3)


_SETTINGS = inspect.signature(SoftmaxRegression).parameters
