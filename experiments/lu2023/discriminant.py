"""Linear discriminant analysis of two classes, as scikit-learn's default solver had it when the benchmark was played.

Scatter is divided by the records less the classes, as until scikit-learn 1.8; 1.9 divides by the records, which makes
every decision, but for the classes' shares, larger by a few per cent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RANK = 1e-4
"""Singular values of the scaled records below this are taken for zero, as by ``LinearDiscriminantAnalysis``."""


def discriminant(X: Floats, y: NDArray[np.int64], weight: Floats, others: Floats) -> Floats:
    """Return the decision of ``others`` (M, features), (M,), above 0 for class 1, after a fit to X (n, features).

    A ``weight`` counts a record as often; both classes must occur.

    >>> X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> discriminant(X, np.array([0, 0, 1, 1]), np.ones(4), np.array([[-1.0], [0.0], [2.0]])).round(6).tolist()
    [-6.0, 0.0, 12.0]
    """
    total = weight.sum()
    share = np.array([weight[y == k].sum() for k in (0, 1)])
    means = np.stack([weight[y == k] @ X[y == k] for k in (0, 1)]) / share[:, None]
    centred = X - means[y]
    spread = np.sqrt(weight @ centred**2 / total)
    spread[spread == 0] = 1.0
    # Two records have no scatter: what is left then is the shares of the classes.
    scaled = centred / spread * np.sqrt(weight / max(total - 2, 1))[:, None]
    gap = (means[1] - means[0]) / spread
    direction = _whiten(scaled.T @ scaled, gap) / spread
    middle = (means[0] + means[1]) / 2
    decision: Floats = others @ direction - middle @ direction + np.log(share[1] / share[0])
    return decision


def _whiten(scatter: Floats, gap: Floats) -> Floats:
    """Return the pseudo-inverse of the scatter times ``gap``, directions without spread left out."""
    lifted = scatter.copy()
    lifted[np.diag_indices_from(lifted)] -= _RANK**2
    try:
        np.linalg.cholesky(lifted)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(scatter)
        kept = values > _RANK**2
        return np.asarray(vectors[:, kept] @ ((vectors[:, kept].T @ gap) / values[kept]))
    return np.asarray(np.linalg.solve(scatter, gap), dtype=np.float64)
