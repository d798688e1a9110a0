"""FALCUN: draw records that are uncertain, and whose probabilities are unlike those of the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.numerics.ranking import rows_at
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.randomness import gumbel


@dataclass(frozen=True, kw_only=True)
class Falcun(Strategy):
    """Draw records in proportion to (uncertainty + distance to the batch) to the power ``gamma``.

    Gilhuber, Beer, Ma and Seidl 2024, "FALCUN: a simple and efficient deep active learning strategy". Uncertainty is
    one minus the margin. The distance is at first the uncertainty itself, then the least L1 distance between
    probabilities to a record of the batch, scaled from 0 to 1 over the available records after each pick. A score is
    ``gamma`` times the logarithm of the sum, plus Gumbel noise: the highest is such a draw.

    Raises InvalidRecipeError for a ``gamma`` below 0 or not finite.

    >>> from alrl.testing.example_view import example_view
    >>> Falcun().select(example_view(seed=0, records=(8,), labelled=(1,)), 3)
    tensor([[3, 7, 5]])
    """

    name: ClassVar[str] = "falcun"
    paper: ClassVar[str] = "Gilhuber et al. 2024"
    batch: ClassVar[str] = "one by one, drawn by doubt and distance"
    cost: ClassVar[str] = "m N k"

    gamma: float = 10.0
    """How little chance there is: at 0 every record is as likely."""

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < math.inf:
            raise InvalidRecipeError(f"falcun: gamma = {self.gamma} given; it must be at least 0 and finite")

    def score(self, view: PoolView) -> Tensor:
        return self._drawn(view, _distance(view))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        distance, picks = _distance(view) if checked(count) else view.margin, []
        for _ in range(largest_batch(view, count)):
            pick = top(self._drawn(view, distance), view, 1)
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
            distance = nearer(view, distance, pick)
        return filled(picks, view, count)

    def _drawn(self, view: PoolView, distance: Tensor) -> Tensor:
        relevance = (1 - view.margin.double() + distance).clamp_min(1e-30).log()
        return self.gamma * relevance + gumbel(view.noise, view.selected.sum(1))


def _distance(view: PoolView) -> Tensor:
    """Return distances (B, N) to a batch that may have begun, its records taken in the order of their noise."""
    distance = 1 - view.margin.double()
    chosen = int(view.selected.sum(1).max()) if view.selected.numel() else 0
    order = torch.where(view.selected, view.noise, -1.0).topk(chosen, 1).indices
    for pick in order.split(1, 1) if chosen else ():
        distance = nearer(view, distance, torch.where(view.selected.gather(1, pick), pick, -1))
    return distance


def nearer(view: PoolView, distance: Tensor, pick: Tensor) -> Tensor:
    """Return distances (B, N), scaled from 0 to 1, now that ``pick`` (B, 1) is in the batch; as they were for -1."""
    P = view.probabilities.double()
    apart = torch.zeros_like(distance)
    # Class by class: a sum over the axis rounds equal records differently.
    for gap in (P - rows_at(P, pick.clamp_min(0))).abs().unbind(-1):
        apart = apart + gap
    nearest = torch.minimum(distance, apart)
    least = torch.where(view.exists & ~view.labelled, nearest, torch.inf).amin(1, keepdim=True)
    most = torch.where(view.exists & ~view.labelled, nearest, -torch.inf).amax(1, keepdim=True)
    spread = most - least
    scaled = torch.where(spread > 0, (nearest - least) / spread, nearest - least)
    return torch.where(pick >= 0, scaled, distance)
