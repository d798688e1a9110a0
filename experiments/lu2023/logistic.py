"""Logistic regression of two classes by Newton's method, from where the last fit ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

Floats = NDArray[np.float64]

_STEPS = 50
_SMALL = 1e-8


class Logistic:
    """scikit-learn's ``LogisticRegression(C=C)`` brought to its optimum, which is one: the start changes nothing.

    >>> X = np.array([[-1.0], [1.0]])
    >>> Logistic(X, C=1.0).decision(np.array([0, 1]), np.array([0, 1])).round(4).tolist()
    [-0.6748, 0.6748]
    """

    def __init__(self, X: Floats, *, C: float = 1.0) -> None:
        self.X = np.concatenate([X, np.ones((len(X), 1))], axis=1)
        self.C = C
        self._last = np.zeros(self.X.shape[1])
        self._penalty = np.ones(self.X.shape[1])
        # The intercept is not penalised.
        self._penalty[-1] = 0.0

    def decision(self, labelled: NDArray[np.int64], y: NDArray[np.int64], weight: Floats | None = None) -> Floats:
        """Return decision of every record of X, (N,), above 0 for class 1, after a fit to the records ``labelled``."""
        X, target = self.X[labelled], y.astype(np.float64)
        cost = np.full(len(y), self.C) if weight is None else self.C * weight
        w = self._last
        loss = self._loss(w, X, target, cost)
        for _ in range(_STEPS):
            p = expit(X @ w)
            slope = X.T @ (cost * (p - target)) + self._penalty * w
            if np.abs(slope).max() < _SMALL:
                break
            curvature = (X * (cost * p * (1 - p))[:, None]).T @ X
            curvature[np.diag_indices_from(curvature)] += self._penalty + 1e-12
            step = cho_solve(cho_factor(curvature, check_finite=False), slope, check_finite=False)
            w, loss, moved = self._down(w, step, loss, (X, target, cost))
            if not moved:
                break
        self._last = w
        decision: Floats = self.X @ w
        return decision

    def _down(
        self, w: Floats, step: Floats, loss: float, data: tuple[Floats, Floats, Floats]
    ) -> tuple[Floats, float, bool]:
        """Return a step halved until it lowers the loss; False if none does, which is the optimum to the last bits."""
        for _ in range(30):
            fresh = w - step
            lower = self._loss(fresh, *data)
            if lower < loss:
                return fresh, lower, True
            step = step / 2
        return w, loss, False

    def _loss(self, w: Floats, X: Floats, target: Floats, cost: Floats) -> float:
        z = X @ w
        return float(cost @ (np.logaddexp(0, z) - target * z) + 0.5 * (self._penalty * w) @ w)
