"""Multinomial logistic regression with an L2 penalty, for many episodes at once."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.learners.newton import Solution, minimise
from alrl.loop.learner import FitReport, Learner

_EXCLUDED = -1e30
_FREE = 1e-7
_FLOOR = 1e-4
REFRESH = 5
WIDEST_KEPT = 300


@dataclass(frozen=True, kw_only=True, eq=False)
class _LogisticLoss:
    """Weighted log loss of B episodes plus L2 penalty, preconditioned by its own curvature, class by class.

    Two classes have one column of parameters, more have one column a class. The last row is the intercept.
    """

    design: Tensor
    targets: Tensor
    weight: Tensor
    class_offset: Tensor
    penalty: Tensor
    inverse: Tensor

    def evaluate(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        logits = torch.bmm(self.design, parameters)
        if logits.shape[-1] == 1:
            loss = torch.nn.functional.softplus(logits) - logits * self.targets
            residual = torch.sigmoid(logits) - self.targets
        else:
            logits = logits + self.class_offset
            log_probability = torch.log_softmax(logits, -1)
            loss = -(log_probability * self.targets).sum(-1, keepdim=True)
            residual = log_probability.exp() - self.targets
        penalised = self.penalty * parameters
        total = (loss * self.weight).sum((1, 2)) + 0.5 * (penalised * parameters).sum((1, 2))
        return total, torch.bmm(self.design.transpose(1, 2), residual * self.weight) + penalised

    def precondition(self, gradient: Tensor) -> Tensor:
        if gradient.shape[-1] == 1:
            return torch.bmm(self.inverse[:, 0], gradient)
        return torch.matmul(self.inverse, gradient.transpose(1, 2)[..., None])[..., 0].transpose(1, 2)

    def take(self, episodes: Tensor) -> Self:
        return type(self)(**{name: value[episodes] for name, value in vars(self).items()})


def _inverse_curvature(design: Tensor, logits: Tensor, weight: Tensor, penalty: Tensor) -> Tensor:
    """Inverse of each class's own block of the Hessian at ``logits``, (B, c, r, r)."""
    probability = torch.sigmoid(logits) if logits.shape[-1] == 1 else torch.softmax(logits, -1)
    curvature = (probability * (1 - probability)).clamp_min(_FLOOR) * weight
    scaled = design[:, None] * curvature.transpose(1, 2)[..., None]
    hessian = torch.matmul(design.transpose(1, 2)[:, None], scaled)
    hessian.diagonal(dim1=-2, dim2=-1).add_(penalty.transpose(1, 2))
    return torch.cholesky_inverse(torch.linalg.cholesky(hessian))


class SoftmaxRegression(Learner):
    """Multinomial logistic regression of B episodes, the same model as scikit-learn's ``LogisticRegression(C)``.

    The intercept is not penalised. With two classes seen, the penalty is that of scikit-learn's binary model. Classes
    of which no record is labelled get probability zero; with one class seen, that class gets probability one.

    Args:
        C: inverse strength of the L2 penalty, above 0.
        tolerance: largest Newton decrement at which a fit ends. The default keeps probabilities within 1e-3 of the
            exact solution, 1e-6 within 1e-5 (in double precision).
        warm_start: begin each fit at the last solution (True) or at zero (False). The solution is the same.
        max_iterations: solver iterations after which a fit ends unconverged, which its report says.
        double: compute in float64 instead of float32.

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
        tolerance: float = 5e-4,
        warm_start: bool = True,
        max_iterations: int = 200,
        double: bool = False,
    ) -> None:
        if not C > 0:
            raise InvalidRecipeError(f"softmax-regression: C = {C} given; allowed is any number above 0 (default 1.0)")
        self.C, self.tolerance, self.warm_start = C, tolerance, warm_start
        self.max_iterations, self.double = max_iterations, double
        self._coefficients: Tensor | None = None
        self._seen: Tensor | None = None
        self._inverse: Tensor | None = None
        self._age = torch.zeros(0, dtype=torch.long)

    @property
    def coefficients(self) -> Tensor:
        """Weights of the last fit, the intercept as last row: (B, D + 1, k), or (B, D + 1, 1) with two classes."""
        if self._coefficients is None:
            raise InvalidRecipeError("softmax-regression: not fitted yet; call fit first")
        return self._coefficients

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        dtype = torch.float64 if self.double else torch.float32
        labelled = weight > 0
        X = torch.cat([X.to(dtype), torch.ones_like(X[..., :1], dtype=dtype)], -1) * labelled[..., None]
        one_hot = torch.nn.functional.one_hot(y, class_mask.shape[1]).to(dtype) * labelled[..., None]
        self._seen = (one_hot.sum(1) > 0) & class_mask
        self._prepare(X, 1 if class_mask.shape[1] == 2 else class_mask.shape[1])
        wide = 5 * labelled.sum(1) <= 4 * (X != 0).any(1).sum(1)
        iterations, converged = torch.zeros_like(y[:, 0]), torch.zeros_like(wide)
        for group, solve in ((wide, self._solve_wide), (~wide, self._solve_tall)):
            episodes = group.nonzero()[:, 0]
            if len(episodes):
                part = (X[episodes], one_hot[episodes], weight[episodes].to(dtype)[..., None], self._seen[episodes])
                solution = solve(episodes, *part)
                iterations[episodes], converged[episodes] = solution.iterations, solution.converged
        return FitReport(iterations=iterations, converged=converged, seconds=time.perf_counter() - started)

    def _prepare(self, X: Tensor, columns: int) -> None:
        """Bring the state to the shape of this call: zeros where there was no fit or scratch training is asked for."""
        shape = (len(X), X.shape[-1], columns)
        if self._coefficients is None or self._coefficients.shape != shape or not self.warm_start:
            self._coefficients = X.new_zeros(shape)
        if self._inverse is None or self._inverse.shape[:2] != (len(X), columns) or self._inverse.shape[2] != shape[1]:
            self._inverse = X.new_zeros(len(X), columns, 0 if shape[1] > WIDEST_KEPT else shape[1], shape[1])
            self._age = torch.full((len(X),), REFRESH, device=X.device)

    def _solve_wide(self, episodes: Tensor, X: Tensor, one_hot: Tensor, weight: Tensor, seen: Tensor) -> Solution:
        """Solve in the span of the labelled rows, which holds the penalised solution (representer theorem)."""
        basis = torch.linalg.qr(X[..., :-1].transpose(1, 2)).Q
        before = self.coefficients[episodes]
        start = torch.cat([torch.bmm(basis.transpose(1, 2), before[:, :-1]), before[:, -1:]], 1)
        design = torch.cat([torch.bmm(X[..., :-1], basis), X[..., -1:]], -1)
        objective = self._objective(design, one_hot, weight, seen, start)
        solution = minimise(objective, start, tolerance=self.tolerance, max_iterations=self.max_iterations)
        found = solution.parameters
        self.coefficients[episodes] = torch.cat([torch.bmm(basis, found[:, :-1]), found[:, -1:]], 1)
        self._age[episodes] = REFRESH
        return solution

    def _solve_tall(self, episodes: Tensor, X: Tensor, one_hot: Tensor, weight: Tensor, seen: Tensor) -> Solution:
        """Solve in the features themselves, with a curvature that is kept for a few fits."""
        start, kept = self.coefficients[episodes], self._inverse
        assert kept is not None
        if kept.shape[2] == 0:
            objective = self._objective(X, one_hot, weight, seen, start)
        else:
            stale = (self._age[episodes] >= REFRESH).nonzero()[:, 0]
            if len(stale):
                part = self._objective(X[stale], one_hot[stale], weight[stale], seen[stale], start[stale])
                kept[episodes[stale]], self._age[episodes[stale]] = part.inverse, 0
            self._age[episodes] += 1
            objective = self._objective(X, one_hot, weight, seen, start, kept[episodes])
        solution = minimise(objective, start, tolerance=self.tolerance, max_iterations=self.max_iterations)
        self.coefficients[episodes] = solution.parameters
        return solution

    def _objective(
        self, X: Tensor, one_hot: Tensor, weight: Tensor, seen: Tensor, start: Tensor, inverse: Tensor | None = None
    ) -> _LogisticLoss:
        binary = start.shape[-1] == 1
        strength = torch.full_like(X[:, :1, :1], 1 / self.C)
        if not binary:
            strength = torch.where((seen.sum(1) == 2)[:, None, None], 2 * strength, strength)
        penalty = strength.expand(-1, X.shape[-1], 1).clone()
        penalty[:, -1] = _FREE
        offset = torch.where(seen, 0.0, _EXCLUDED)[:, None, :].to(X.dtype)
        if inverse is None:
            logits = torch.bmm(X, start) + (0.0 if binary else offset)
            inverse = _inverse_curvature(X, logits, weight, penalty)
        return _LogisticLoss(
            design=X,
            targets=one_hot[..., 1:] if binary else one_hot,
            weight=weight,
            class_offset=offset,
            penalty=penalty,
            inverse=inverse,
        )

    def predict_proba(self, X: Tensor) -> Tensor:
        return self.predict_branches(X, 1)[:, 0]

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        coefficients, seen = self.coefficients, self._seen
        assert seen is not None
        columns = coefficients.shape[-1]
        # Records as columns: their few classes would make rows too short to be fast.
        weights = coefficients.transpose(1, 2).reshape(len(X), branches * columns, -1)
        logits = torch.baddbmm(weights[..., -1:], weights[..., :-1], X.to(coefficients.dtype).transpose(1, 2))
        logits = logits.unflatten(1, (branches, columns))
        if columns == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], 2)
        if not bool(seen.all()):
            logits = logits.masked_fill(~seen.view(len(X), branches, -1, 1), -torch.inf)
        return torch.softmax(logits, 2).transpose(2, 3)

    def hurried(self, iterations: int) -> Self:
        if iterations < 1:
            raise InvalidRecipeError(f"hurried to {iterations} iterations; a fit takes at least 1")
        part = self.take(torch.arange(len(self._age), device=self._age.device))
        part.max_iterations = min(iterations, self.max_iterations)
        return part

    def restart(self, episodes: Tensor) -> None:
        if self._coefficients is not None:
            self._coefficients = torch.where(episodes[:, None, None], 0.0, self._coefficients)
            self._age = self._age.masked_fill(episodes, REFRESH)

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        for name in ("_coefficients", "_seen", "_inverse", "_age"):
            value = getattr(self, name)
            setattr(part, name, value if value is None or not len(value) else value[episodes])
        return part

    def fresh(self) -> Self:
        return type(self)(
            C=self.C,
            tolerance=self.tolerance,
            warm_start=self.warm_start,
            max_iterations=self.max_iterations,
            double=self.double,
        )
