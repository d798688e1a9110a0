"""Ridge classification in closed form, for many episodes at once, updated as labels arrive."""

from __future__ import annotations

import copy
import math
import time
from typing import ClassVar, Self

from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.learners.ridge.fit import RidgeFit, RidgeState
from alrl.learners.scores import allowed_classes, class_weights, linear_scores, softmax_over
from alrl.loop.learner import FitReport, Learner


class RidgeClassifier(Learner):
    """Least squares on targets of 1 and -1, the same model as scikit-learn's ``RidgeClassifier(alpha)``.

    The intercept is not penalised; a record's weight multiplies its squared error. Probabilities are the softmax of the
    scores divided by ``temperature``. They rank classes as the scores do, but are not calibrated: scores lie near -1
    and 1, so with the default of two classes none is far above 0.88. Classes without a labelled record get
    probability zero; with one class seen, that class gets probability one.

    A fit keeps an inverse in double precision, over the features or, while they are fewer, over the labelled records.
    New records update it by the formulas of Sherman, Morrison and Woodbury or by bordering, at the cost of its square;
    it is built anew, at the cost of its cube, where the labelled records do not continue those of the last fit, where
    there are many new ones, and where a step of iterative refinement shows that rounding has added up. The report's
    iterations count the records that were taken in, all of them where the inverse was built anew.

    Modelled multiply-adds of a fit, for n records, D features, k classes, r records taken in and a system of size
    s = min(n, D): 2 s² r + 2 s² (k + 1) + 5 n D k; and r n D more over records; s³ + s n D instead of 2 s² r where the
    inverse is built. Of predicting a record: D k.

    Args:
        alpha: strength of the L2 penalty, above 0.
        temperature: what scores are divided by before the softmax, above 0.

    >>> import torch
    >>> X, y = torch.tensor([[[-1.0], [1.0]]]), torch.tensor([[0, 1]])
    >>> learner = RidgeClassifier(alpha=1.0)
    >>> _ = learner.fit(X, y, torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool))
    >>> learner.decision_function(X)
    tensor([[[ 0.6667, -0.6667],
             [-0.6667,  0.6667]]])
    """

    name: ClassVar[str] = "ridge"

    def __init__(self, *, alpha: float = 1.0, temperature: float = 1.0) -> None:
        for name, value in (("alpha", alpha), ("temperature", temperature)):
            if not 0 < value < math.inf:
                raise InvalidRecipeError(f"ridge: {name} = {value} given; allowed is any number above 0")
        self.alpha, self.temperature = alpha, temperature
        self._state: RidgeState | None = None

    @property
    def _fitted(self) -> RidgeState:
        if self._state is None:
            raise InvalidRecipeError("ridge: not fitted yet; call fit first")
        return self._state

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        weight = weight.double()
        X = X * (weight > 0)[..., None]
        weights = class_weights(y, weight, class_mask)
        state = RidgeState.empty(X) if self._state is None else self._state.widened(X)
        fit = RidgeFit(state=state, X=X, weight=weight, weights=weights, alpha=self.alpha)
        coefficients, converged = fit.solve()
        state.coefficients, state.allowed = coefficients, allowed_classes(weights, class_mask)
        self._state = state
        return FitReport(
            iterations=fit.taken,
            converged=converged,
            multiply_adds=fit.multiply_adds(state.allowed.sum(1)),
            record_epochs=fit.taken.double(),
            seconds=time.perf_counter() - started,
        )

    def decision_function(self, X: Tensor) -> Tensor:
        """Return scores (B, N, k) of X (B, N, D): for two classes, the second is scikit-learn's decision value."""
        return linear_scores(self._fitted.coefficients.to(X.dtype), X)[:, 0]

    def predict_proba(self, X: Tensor) -> Tensor:
        return self.predict_branches(X, 1)[:, 0]

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        state = self._fitted
        scores = linear_scores(state.coefficients.to(X.dtype) / self.temperature, X, branches)
        return softmax_over(scores, state.allowed)

    def restart(self, episodes: Tensor) -> None:
        if self._state is not None:
            self._state.built = self._state.built & ~episodes

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._state = None if self._state is None else self._state.take(episodes)
        return part

    def fresh(self) -> Self:
        return type(self)(alpha=self.alpha, temperature=self.temperature)

    def multiply_adds_a_record(self) -> Tensor:
        state = self._fitted
        used = (state.coefficients[..., :-1] != 0).any(1).sum(1)
        return (used * state.allowed.sum(1)).double()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(alpha={self.alpha!r}, temperature={self.temperature!r})"
