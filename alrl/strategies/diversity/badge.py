"""BADGE: query records whose gradients are long and unlike each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies import expected_model_change
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.randomness import fresh


@dataclass(frozen=True, kw_only=True)
class Badge(Strategy):
    """k-means++ among the records' gradients at the last layer, each for the class predicted.

    Ash, Zhang, Krishnamurthy, Langford and Agarwal 2020, "Deep batch active learning by diverse, uncertain gradient
    lower bounds". A batch begins with the longest gradient, as in the authors' code; each further record is drawn in
    proportion to the squared distance of its gradient to the nearest one in the batch, or at random where all are zero.
    Its score is that squared distance over an exponential number, of which the largest is such a draw. Gradients are k
    by E numbers that are never written out: their products are products of two short ones.

    >>> from alrl.testing.example_view import example_view
    >>> Badge().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.0943, 0.0721, 0.5225]])
    """

    name: ClassVar[str] = "badge"
    paper: ClassVar[str] = "Ash et al. 2020"
    batch: ClassVar[str] = "one by one, k-means++ draw"
    cost: ClassVar[str] = "m N (k + E)"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    def score(self, view: PoolView) -> Tensor:
        nearest = np.full(view.exists.shape, np.inf)
        return self._drawn(view, self._nearer(view, _selected(view), nearest))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        if checked(count) == 1:
            return super().select(view, count)
        nearest, picks = self._nearer(view, _selected(view), np.full(view.exists.shape, np.inf)), []
        for _ in range(largest_batch(view, count)):
            pick = top(self._drawn(view, nearest), view, 1)
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
            nearest = self._nearer(view, pick, nearest)
        return filled(picks, view, count)

    def _nearer(self, view: PoolView, picks: Tensor, nearest: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return squared distances (B, N) to the nearest gradient of the batch, which ``picks`` (B, m) have joined."""
        from alrl.strategies.diversity.kernels import compiled_cover

        push, embedding = expected_model_change.push(view.probabilities), embedding_of(view, self.name)
        given = (push, embedding, picks)
        compiled_cover.nearest_gradient(*(part.cpu().contiguous().numpy() for part in given), nearest)
        return nearest

    def _drawn(self, view: PoolView, nearest: NDArray[np.float64]) -> Tensor:
        """Return scores of a draw in proportion to ``nearest`` (B, N), or where nothing is selected the lengths."""
        begun = view.selected.any(1, keepdim=True)
        if not bool(begun.all()):
            length = expected_model_change.squared_length(view.probabilities, embedding_of(view, self.name))
        else:
            length = torch.zeros_like(view.noise)
        apart = torch.from_numpy(nearest).to(view.noise.device)
        chance = -fresh(view.noise, view.selected.sum(1)).log()
        return torch.where(begun, apart / chance, length).to(torch.float32)


def _selected(view: PoolView) -> Tensor:
    """Return the positions of the records in the batch, (B, m), -1 beyond."""
    most = int(view.selected.sum(1).max())
    marked = view.selected.to(torch.uint8).topk(most, 1) if most else None
    if marked is None:
        return torch.zeros(len(view.exists), 0, dtype=torch.long)
    return torch.where(marked.values > 0, marked.indices, -1)
