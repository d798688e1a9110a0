"""The benchmark's support vector machine, refitted thousands of times: kernels computed once, libsvm called directly.

A refit by ``sklearn.svm.SVC`` spends 2 to 3 ms on checking its input, libsvm itself 0.05 to 3 ms (20 to 580 records).
So libsvm is called as ``SVC`` calls it, below the checks, on a part of a kernel matrix computed once an episode.
``tests/experiments/lu2023/test_kernel_machine.py`` holds the two side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import _libsvm

from experiments.lu2023.compiled_gather import square

Floats = NDArray[np.float64]


class KernelMachine:
    """Support vector machines with one kernel over the same records, any part of which may be labelled.

    Args:
        kernel: of each training record with every record, training first, (N, N + M).
        C: cost of a margin error.

    >>> X = np.array([[-1.0], [-0.5], [1.0], [2.0]])
    >>> machine = KernelMachine(linear(X, X[:0]), C=1.0)
    >>> machine.decision(np.array([1, 2]), np.array([0, 1])).round(2).tolist()
    [-1.67, -1.0, 1.0, 2.33]
    """

    def __init__(self, kernel: Floats, *, C: float = 1.0) -> None:
        self.kernel = np.ascontiguousarray(kernel)
        self.C = C

    def decision(self, labelled: NDArray[np.int64], y: NDArray[np.int64], weight: Floats | None = None) -> Floats:
        """Return the decision of every record, (N + M,), above 0 for class 1, after a fit to the records ``labelled``.

        Both classes must occur in ``y``; a ``weight`` multiplies a record's cost.
        """
        _libsvm.set_verbosity_wrap(0)
        settings: dict[str, Any] = {} if weight is None else {"sample_weight": weight}
        fitted = _libsvm.fit(
            square(self.kernel, labelled),
            y.astype(np.float64),
            svm_type=0,
            kernel="precomputed",
            C=self.C,
            tol=1e-3,
            shrinking=1,
            cache_size=200.0,
            **settings,
        )
        support, coefficients, intercept = fitted[0], fitted[3][0], fitted[4][0]
        dense = np.zeros(len(self.kernel))
        # libsvm's decision is above 0 for the class that comes first.
        dense[labelled[support]] = -coefficients
        decision: Floats = dense @ self.kernel - intercept
        return decision


def rbf(X: Floats, others: Floats) -> Floats:
    """Return ``exp(-|x - z|² / features)`` of X (N, features) with X and ``others`` (M, features), (N, N + M).

    That is scikit-learn's ``gamma="auto"``.
    """
    both = np.concatenate([X, others])
    squares = np.einsum("ij,ij->i", both, both)
    distances = squares[: len(X), None] + squares - 2 * (X @ both.T)
    kernel: Floats = np.exp(-np.maximum(distances, 0) / X.shape[1])
    return kernel


def linear(X: Floats, others: Floats) -> Floats:
    """Return Inner products of X (N, features) with X and ``others`` (M, features), (N, N + M)."""
    products: Floats = X @ np.concatenate([X, others]).T
    return products
