"""Multinomial logistic regression with an L2 penalty, for many episodes at once."""

from __future__ import annotations

import copy
import inspect
import math
import time
from typing import ClassVar, Literal, Self, get_args

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.learners.batched_softmax import BatchedSoftmax
from alrl.learners.softmax_state import SoftmaxState
from alrl.loop.learner import FitReport, Learner

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
            where it is many times faster; ``batched`` works on all in step, anywhere; ``auto`` takes what fits.

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
        weight = weight.to(dtype)
        X = X.to(dtype) * (weight > 0)[..., None]
        k = class_mask.shape[1]
        before = self._state if self.warm_start else None
        state = SoftmaxState.empty(X, k) if before is None else before.widened(X, k)
        seen = torch.zeros(*class_mask.shape, dtype=dtype, device=X.device)
        state.seen = (seen.scatter_add_(1, y, weight) > 0) & class_mask
        solve = self._solve_compiled if self._compiles(X) else self._solve_batched
        iterations, converged, multiply_adds = solve(state, X, y, weight, class_mask)
        self._state = state
        return FitReport(
            iterations=iterations,
            converged=converged,
            multiply_adds=multiply_adds,
            seconds=time.perf_counter() - started,
        )

    def _compiles(self, X: Tensor) -> bool:
        fits = X.device.type == "cpu" and not self.double
        if self.solver == "compiled" and not fits:
            raise InvalidRecipeError(f"softmax-regression: the compiled solver runs on cpu, not on {X.device}")
        return fits and self.solver != "batched"

    @property
    def _decrement(self) -> float:
        """Newton decrement to reach: the weaker the penalty, the further from the solution one leaves the weights."""
        return self.tolerance * min(1.0, float(self.C**-0.5))

    def _solve_compiled(
        self, state: SoftmaxState, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        from alrl.learners.compiled_softmax import fit_episodes

        before = tuple(part.contiguous().numpy() for part in (state.records, state.shares, state.shared))
        state.records, state.shares = X, X.new_empty(*class_mask.shape, X.shape[1] + 1)
        state.shared = torch.empty_like(state.shared)
        state.weights = state.weights.contiguous()
        iterations, converged = torch.empty_like(y[:, 0]), torch.empty_like(state.shared)
        multiply_adds = torch.empty(len(X), dtype=torch.float64)
        fit_episodes(
            *(part.contiguous().numpy() for part in (X, y, weight, state.seen, state.weights)),
            before,
            (state.shares.numpy(), state.shared.numpy()),
            (iterations.numpy(), converged.numpy(), multiply_adds.numpy()),
            (self.C, self._decrement, self.max_iterations),
        )
        return iterations, converged, multiply_adds

    def _solve_batched(
        self, state: SoftmaxState, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor
    ) -> tuple[Tensor, Tensor, None]:
        state.weights = torch.where((state.seen.sum(1) > 1)[:, None, None], state.weights, 0.0)
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
        return *problems.solve(start), None

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
        flat = weights.reshape(len(X), -1, weights.shape[2])
        logits = torch.baddbmm(flat[..., -1:], flat[..., :-1], X.to(weights.dtype).transpose(1, 2))
        if paired:
            second = torch.sigmoid_(logits)
            return torch.stack([1 - second, second], -1)
        logits = logits.unflatten(1, (branches, k))
        if not bool(seen.all()):
            logits.masked_fill_(~seen.view(len(X), branches, k, 1), -torch.inf)
        return torch.softmax(logits, 2).transpose(2, 3).contiguous()

    def multiply_adds_a_record(self) -> Tensor:
        seen = self._fitted.seen.sum(1).double()
        used = (self._fitted.weights[..., :-1] != 0).any(1).sum(1) + 1
        return torch.where(seen == 2, 1.0, torch.where(seen > 2, seen, 0.0)) * used

    def restart(self, episodes: Tensor) -> None:
        if self._state is not None:
            self._state = self._state.cleared(episodes)

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._state = None if self._state is None else self._state.take(episodes)
        return part

    def hurried(self, iterations: int) -> Self:
        if iterations < 1:
            raise InvalidRecipeError(f"hurried to {iterations} iterations; a fit takes at least 1")
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
    """Probabilities (B, branches, N, k), stored class by class: their few classes would make rows too short."""
    from alrl.learners.compiled_softmax import predict_episodes

    k, size = weights.shape[1:]
    columns = X.to(weights.dtype).transpose(1, 2).contiguous()
    out = weights.new_empty(len(X), branches, k, X.shape[1])
    own = weights.view(len(X), branches, k, size)
    predict_episodes(columns.numpy(), own.numpy(), seen.view(len(X), branches, k).numpy(), out.numpy())
    return out.transpose(2, 3)


_SETTINGS = inspect.signature(SoftmaxRegression).parameters
