"""Multinomial logistic regression with an L2 penalty, for many episodes at once."""

from __future__ import annotations

import copy
import inspect
import math
import time
from collections.abc import Callable
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from alrl.errors import InvalidRecipeError
from alrl.learners.conjugate_gradient import Problem, Solution, minimise
from alrl.learners.softmax_group import SoftmaxGroup
from alrl.learners.softmax_state import SoftmaxState
from alrl.loop.learner import FitReport, Learner

SMALL = 64
"""Coefficients up to which the whole Hessian is inverted."""
WIDE = 2.0
"""Labelled records for each feature up to which a fit is solved over the records."""


class _Group(NamedTuple):
    """Episodes (long) that are solved together."""

    episodes: Tensor
    paired: bool
    """Whether they have two classes."""
    classes: int
    """Classes and features that are worked on: the rest is padding."""
    features: int
    solve: Callable[[SoftmaxState, Tensor, SoftmaxGroup, Tensor], Solution]


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
    ) -> None:
        for name, value in (("C", C), ("tolerance", tolerance)):
            if not 0 < value < math.inf:
                raise InvalidRecipeError(f"softmax-regression: {name} = {value} given; allowed is any number above 0")
        if max_iterations < 1:
            raise InvalidRecipeError(f"softmax-regression: max_iterations = {max_iterations} given; give at least 1")
        self.C, self.tolerance, self.warm_start = C, tolerance, warm_start
        self.max_iterations, self.double = max_iterations, double
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
        targets = (one_hot(y, class_mask.shape[1]).to(dtype) * weight[..., None]).transpose(1, 2).contiguous()
        before = self._state if self.warm_start else None
        state = SoftmaxState.empty(X, targets.shape[1]) if before is None else before.widened(X, targets.shape[1])
        self._state = state
        state.seen = (targets > 0).any(2) & class_mask
        state.weights = torch.where((state.seen.sum(1) > 1)[:, None, None], state.weights, 0.0)
        shares, state.records = state.shares_for(X), X
        state.shares = torch.zeros_like(shares)
        state.shared = torch.zeros_like(state.shared)
        iterations, converged = torch.zeros_like(y[:, 0]), torch.ones_like(state.shared)
        for group in self._groups(X, weight, class_mask):
            episodes, k, D = group.episodes, group.classes, group.features
            records, classes, seen = X[episodes, :, :D], targets[episodes, :k], state.seen[episodes, :k]
            fits = SoftmaxGroup.of(records, classes, weight[episodes], seen, self.C, paired=group.paired)
            solution = group.solve(state, episodes, fits, shares)
            iterations[episodes], converged[episodes] = solution.iterations, solution.converged
        return FitReport(iterations=iterations, converged=converged, seconds=time.perf_counter() - started)

    def _groups(self, X: Tensor, weight: Tensor, class_mask: Tensor) -> list[_Group]:
        """Which episodes are solved together, and how.

        The choice depends on an episode's own records, features and classes, never on those beside it or on padding.
        """
        classes, count = class_mask.sum(1), (weight > 0).sum(1)
        used = (X != 0).any(1)
        # The last column in use: those after it are zero, be they padding or not.
        width = (used * torch.arange(1, used.shape[1] + 1, device=used.device)).amax(1) + 1
        columns = torch.where(classes == 2, 1, classes)
        several = self._fitted.seen.sum(1) > 1
        small = columns * width <= SMALL
        wide = ~small & (count <= WIDE * width)
        k, D = class_mask.shape[1], X.shape[2]
        groups = []
        # Padded classes and features would make whole Hessians many times larger: these are solved at their own size.
        for number in columns[small].unique().tolist():
            episodes = (small & several & (columns == number)).nonzero()[:, 0]
            if len(episodes):
                features = int(width[episodes].max()) - 1
                groups.append(_Group(episodes, number == 1, max(number, 2), features, self._solve_small))
        for chosen, solve in ((wide, self._solve_wide), (~small & ~wide, self._solve_tall)):
            for paired in (True, False):
                episodes = (chosen & several & ((classes == 2) == paired)).nonzero()[:, 0]
                if len(episodes):
                    groups.append(_Group(episodes, paired, k, D, solve))
        return groups

    def _solve_small(self, state: SoftmaxState, episodes: Tensor, group: SoftmaxGroup, _: Tensor) -> Solution:
        """Solve over the features, with the whole Hessian."""
        return self._over_features(state, episodes, group, whole=True)

    def _solve_tall(self, state: SoftmaxState, episodes: Tensor, group: SoftmaxGroup, _: Tensor) -> Solution:
        """Solve over the features, with one curvature for all classes."""
        return self._over_features(state, episodes, group, whole=False)

    def _over_features(self, state: SoftmaxState, episodes: Tensor, group: SoftmaxGroup, *, whole: bool) -> Solution:
        k, D = group.classes, group.X.shape[2]
        before = state.weights[episodes, :k]
        start = group.columns(torch.cat([before[..., :D], before[..., -1:]], 2))
        solution = self._minimise(group.over_features(start, whole=whole), start)
        found = group.each_class(solution.parameters)
        after = torch.zeros_like(state.weights[episodes])
        after[:, :k, :D], after[:, :k, -1] = found[..., :-1], found[..., -1]
        state.weights[episodes] = after
        return solution

    def _solve_wide(self, state: SoftmaxState, episodes: Tensor, group: SoftmaxGroup, shares: Tensor) -> Solution:
        """Solve over the labelled records."""
        start = group.columns(shares[episodes])
        solution = self._minimise(group.over_records(start), start)
        found = group.each_class(solution.parameters)
        state.shares[episodes], state.shared[episodes] = found, True
        state.weights[episodes] = torch.cat([torch.bmm(found[..., :-1], group.X), found[..., -1:]], 2)
        return solution

    def _minimise(self, problem: Problem, start: Tensor) -> Solution:
        # The weaker the penalty, the further from the solution a decrement leaves the weights.
        tolerance = self.tolerance * min(1.0, self.C**-0.5)
        return minimise(problem, start, tolerance=tolerance, max_iterations=self.max_iterations)

    def predict_proba(self, X: Tensor) -> Tensor:
        return self.predict_branches(X, 1)[:, 0]

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        weights, seen = self._fitted.weights, self._fitted.seen
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


_SETTINGS = inspect.signature(SoftmaxRegression).parameters
