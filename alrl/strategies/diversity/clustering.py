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
    """Return cluster of each record, (B, N), -1 where ``weight`` (B, N) is zero, and the centres (B, K, E).

    Of X (B, N, E).

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


def clustered_choice(view: PoolView, X: Tensor, weight: Tensor, score: Tensor, count: int) -> Tensor:
    """Return the record nearest to the centre of each of ``count`` weighted clusters of X (B, N, E), (B, count).

    Clusters are of the available records of ``weight`` (B, N) above zero; where some stay empty, as among duplicates,
    and for a batch of one, other available records of highest ``score`` (B, N) fill the batch.
    """
    from alrl.strategies.batches import checked, completed
    from alrl.strategies.diversity.kernels import compiled_clusters

    if checked(count) == 1:
        return completed(view.labelled_index[:, :0], score, view, 1)
    real = (view.available & (weight > 0)).sum(1)
    label, centre = kmeans(view, X, weight * view.available, real.clamp(1, count))
    nearest = np.full((len(label), centre.shape[1]), -1, dtype=np.int64)
    compiled_clusters.closest_to_centres(rows_of(X), label, centre, rows_of(view.noise), nearest)
    return completed(torch.from_numpy(nearest).to(score.device), score, view, count)


def closeness(view: PoolView, X: Tensor, weight: Tensor) -> Tensor:
    """Return 1 / (1 + distance) of each row of X (B, N, E) to the mean of the available rows by weight, (B, N)."""
    from alrl.strategies.diversity.kernels import compiled_clusters

    _, centre = kmeans(view, X, weight * view.available, torch.ones_like(view.spent))
    distance = np.empty(view.exists.shape, dtype=np.float32)
    compiled_clusters.distance_to(rows_of(X), centre, distance)
    return torch.from_numpy(1 / (1 + distance)).to(weight.device)
