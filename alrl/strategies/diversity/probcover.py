"""ProbCover: query the centre of the ball that covers most records that no ball covers yet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.diversity.clustering import kmeans, rows_of
from alrl.strategies.randomness import fresh

_STEP = 1 << 23
_MEASURED = 1024


@dataclass(frozen=True, kw_only=True)
class ProbCover(Strategy):
    """Scores a record by how many records lie within ``delta`` of it and of no labelled or selected record.

    Yehuda, Dekel, Hacohen and Weinshall 2022, "Active learning through a covering lens": greedy maximum coverage in the
    embedding, each pick of a batch covering its ball. Unless given, ``delta`` is the largest at which the balls of
    ``purity`` of the records hold no record of another cluster, of as many k-means clusters as there are classes, from
    1,024 records where the pool has more. Where all is covered, scores are zero and records are drawn at random. No
    graph is kept: balls are counted, and counted off as they are covered.

    Raises InvalidRecipeError for a ``delta`` below 0 or not finite, a ``purity`` outside 0 to 1 or ``candidates`` below
    1.

    >>> from alrl.testing.example_view import example_view
    >>> ProbCover(delta=1.2).score(example_view(seed=0, records=(7,), labelled=(1,)))
    tensor([[1., 2., 2., 1., 1., 0., 1.]])
    """

    name: ClassVar[str] = "probcover"
    paper: ClassVar[str] = "Yehuda et al. 2022"
    batch: ClassVar[str] = "one by one, each ball counts as covered"
    cost: ClassVar[str] = "2,048 N E"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    delta: float | None = None
    """Radius of a ball, in the units of the embedding."""
    purity: float = 0.95
    """Share of the records whose balls are to be pure, when ``delta`` is not given."""
    candidates: int = 2048
    """Most records that may be queried: drawn anew for every query from a pool with more available ones."""

    def __post_init__(self) -> None:
        if self.delta is not None and not 0 <= self.delta < math.inf:
            raise InvalidRecipeError(f"probcover: delta = {self.delta} given; it must be finite and at least 0")
        if not 0 < self.purity <= 1:
            raise InvalidRecipeError(f"probcover: purity = {self.purity} given; it must be above 0 and at most 1")
        if self.candidates < 1:
            raise InvalidRecipeError(f"probcover: candidates = {self.candidates} given; give at least 1")

    def score(self, view: PoolView) -> Tensor:
        return self._counted(view).scores(view)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        counted, picks = self._counted(view), []
        for _ in range(largest_batch(view, checked(count))):
            pick = top(counted.scores(view), view, 1)
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
            counted.cover(pick)
        return filled(picks, view, count)

    def _counted(self, view: PoolView) -> _Cover:
        embedding = embedding_of(view, self.name)
        if self.delta is None:
            radius = pure_radius(view, embedding, self.purity)
        else:
            radius = np.full(len(embedding), self.delta)
        drawn = top(fresh(view.noise, view.selected.sum(1) + _STEP), view, min(self.candidates, view.exists.shape[1]))
        return _Cover(rows_of(embedding), view, drawn, radius)


class _Cover:
    """Counts of uncovered records in the balls of the candidates, as the batch grows."""

    def __init__(self, X: NDArray[np.float32], view: PoolView, drawn: Tensor, radius: NDArray[np.float64]) -> None:
        self._X, self._radius = X, radius
        self._uncovered = view.exists.cpu().numpy().copy()
        self._candidates = _marked(drawn, self._uncovered.shape)
        self._reach = np.zeros(self._uncovered.shape)
        self._take_off(view.known.cpu().numpy())
        self._add(self._uncovered, 1.0)

    def cover(self, picks: Tensor) -> None:
        """Cover the balls of ``picks`` (B, 1)."""
        self._add(self._take_off(_marked(picks, self._uncovered.shape)), -1.0)

    def scores(self, view: PoolView) -> Tensor:
        """(B, N); zero too for a record that is no candidate."""
        return torch.from_numpy(self._reach).to(view.noise.device, torch.float32)

    def _take_off(self, centres: NDArray[np.bool_]) -> NDArray[np.bool_]:
        from alrl.strategies.diversity.kernels import compiled_cover

        reached = np.empty_like(self._uncovered)
        compiled_cover.cover(self._X, centres, self._uncovered, self._radius, reached)
        self._uncovered &= ~reached
        return reached

    def _add(self, rows: NDArray[np.bool_], sign: float) -> None:
        from alrl.strategies.diversity.kernels import compiled_cover

        compiled_cover.add_reach(self._X, self._candidates, rows, self._radius, sign, self._reach)


def _marked(index: Tensor, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return a mask of this shape of the positions in each row of ``index`` (B, m); -1 marks none."""
    mask = np.zeros((shape[0], shape[1] + 1), dtype=bool)
    np.put_along_axis(mask, index.cpu().numpy(), values=True, axis=1)
    return mask[:, :-1].copy()


def pure_radius(view: PoolView, embedding: Tensor, purity: float) -> NDArray[np.float64]:
    """Return the largest radius (B,) at which the balls of this share of the records hold no record of another cluster.

    A ball is pure as long as its radius is below the distance to the nearest record of another cluster.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(records=(4,), classes=(2,), labelled=(1,))
    >>> pure_radius(view, torch.tensor([[[0.0], [1.0], [5.0], [7.0]]]), 0.5).round(3)
    array([5.])
    """
    from alrl.strategies.diversity.kernels import compiled_cover

    label, _ = kmeans(view, embedding, torch.ones_like(view.noise), view.class_count)
    order = fresh(view.noise, view.selected.sum(1) + _STEP).masked_fill(~view.exists, -1)
    most = min(_MEASURED, order.shape[1])
    rows = _marked(order.topk(most, 1).indices, order.shape) & view.exists.cpu().numpy()
    apart = np.full(rows.shape, np.nan, dtype=np.float32)
    compiled_cover.nearest_other(rows_of(embedding), rows, view.exists.cpu().numpy(), label, apart)
    radius = np.zeros(len(apart))
    for episode, distances in enumerate(apart):
        rising = np.sort(distances[~np.isnan(distances)])
        impure = math.floor((1 - purity) * len(rising) + 1e-9)
        # Just below the first distance that too few records would stay pure at.
        radius[episode] = rising[min(impure, len(rising) - 1)] * (1 - 1e-6)
    return radius
