"""k-means over the pools of many episodes, which begin by chance from the view's noise."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.randomness import fresh

ITERATIONS = 20
_STEP = 1 << 22


def rows_of(X: Tensor) -> NDArray[np.float32]:
    """(B, N, E), or (B, N), as compiled code reads it."""
    rows: NDArray[np.float32] = X.detach().to("cpu", torch.float32).contiguous().numpy()
    return rows


def kmeans(
    view: PoolView, X: Tensor, weight: Tensor, clusters: Tensor
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Cluster of each record, (B, N), -1 where ``weight`` (B, N) is zero, and the centres (B, K, E), of X (B, N, E).

    Lloyd's algorithm of at most 20 steps from a k-means++ start (Arthur and Vassilvitskii 2007), which is drawn from
    the view's noise: no other episode, no padding and no order of the records changes what comes out.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(records=(4,), labelled=(1,))
    >>> X = torch.tensor([[[0.0], [0.1], [5.0], [5.1]]])
    >>> label, centre = kmeans(view, X, torch.ones(1, 4), torch.tensor([2]))
    >>> sorted(centre[0, :, 0].round(2).tolist()), bool(label[0, 0] == label[0, 1] != label[0, 2])
    ([0.05000000074505806, 5.050000190734863], True)
    """
    from alrl.strategies.diversity.kernels import compiled_clusters

    rows = rows_of(X)
    label = np.empty(rows.shape[:2], dtype=np.int64)
    centre = np.zeros((len(rows), int(clusters.max()), rows.shape[2]), dtype=np.float32)
    key = (fresh(view.noise, view.selected.sum(1) + _STEP) * 2.0**24).to(torch.int64).cpu().numpy()
    # In doubles, and none of the padding.
    mass = (weight * view.exists).double().cpu().numpy()
    compiled_clusters.kmeans(rows, mass, key, clusters.cpu().numpy(), ITERATIONS, label, centre)
    return label, centre
