"""DropQuery: of the records whose class changes when features drop out, query those at the centres of clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, refits_of
from alrl.strategies.base import Strategy, top
from alrl.strategies.diversity.clustering import closeness, clustered_choice
from alrl.strategies.expected_change import checked_counts
from alrl.strategies.randomness import fresh

_STEP = 1 << 20
_APART = 0.6180339887


@dataclass(frozen=True, kw_only=True)
class DropQuery(Strategy):
    """Cluster the records whose predicted class mostly changes under dropout, and take the one nearest to each centre.

    Gupte, Aklilu, Nirschl and Yeung-Levy 2024, "Revisiting active learning in the era of vision foundation models".
    The features of a record are dropped with probability ``rate``, ``drops`` times; where more than half of the
    predictions differ from the one without dropout, it is a candidate. Where fewer than a batch are, those come next
    whose predictions differ most often. A candidate scores 1 / (1 + its distance to the candidates' mean), every other
    record the share of predictions that differ, less 1.

    Raises InvalidRecipeError for a ``rate`` outside 0 to 1, or ``drops`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> DropQuery().select(example_view(seed=0, records=(8,), labelled=(2,)), 3)
    tensor([[3, 7, 0]])
    """

    name: ClassVar[str] = "drop-query"
    paper: ClassVar[str] = "Gupte et al. 2024"
    batch: ClassVar[str] = "clusters of the candidates, their nearest"
    cost: ClassVar[str] = "3 N k D, then 20 m N D"
    ordered: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = frozenset({"refits"})

    rate: float = 0.75
    """Probability with which a feature is dropped."""
    drops: int = 3
    """How often."""
    rescaled: bool = True
    """Whether the features that stay are divided by the share that does, as torch's dropout does."""

    def __post_init__(self) -> None:
        checked_counts(self.name, drops=self.drops)
        if not 0 < self.rate < 1:
            raise InvalidRecipeError(f"drop-query: rate = {self.rate} given; it must be above 0 and below 1")

    def score(self, view: PoolView) -> Tensor:
        differ = self.disagreement(view)
        chosen = _candidates(view, differ, 1)
        return torch.where(chosen, closeness(view, view.features, chosen.to(differ.dtype)), differ - 1)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        differ = self.disagreement(view)
        chosen = _candidates(view, differ, count).to(differ.dtype)
        return clustered_choice(view, view.features, chosen, self.score(view), count)

    def disagreement(self, view: PoolView) -> Tensor:
        """Return the share (B, N) of the predictions under dropout that differ from the one without."""
        refits, scale = refits_of(view, self.name), 1 / (1 - self.rate) if self.rescaled else 1.0
        dropped = [_dropped(view, turn, self.rate) for turn in range(self.drops)]
        versions = [view.features, *(torch.where(each, 0.0, view.features * scale) for each in dropped)]
        own, *others = refits.probabilities_of(view, versions)
        predicted = own >= own.amax(-1, keepdim=True)
        # Of equally likely classes all are predicted: not that which comes first.
        same = [((each >= each.amax(-1, keepdim=True)) & predicted).any(-1) for each in others]
        return torch.stack([(~each).to(view.noise.dtype) for each in same]).mean(0)


def _dropped(view: PoolView, turn: int, rate: float) -> Tensor:
    """Return which features of which records are dropped, (B, N, D), by each record's own noise."""
    B, N, D = view.features.shape
    place = torch.arange(D, device=view.noise.device, dtype=torch.float64) + 1
    spread = (view.noise.double()[..., None] + place * _APART) % 1
    return fresh(spread.float().flatten(1), _STEP + turn).view(B, N, D) < rate


def _candidates(view: PoolView, differ: Tensor, count: int) -> Tensor:
    """Return records (B, N) whose prediction changes mostly.

    Where fewer than ``count`` do, the ``count`` that change most often.
    """
    chosen = (differ > 0.5) & view.available
    most = top(differ, view, max(count, 1))
    lacking = (chosen.sum(1) < count)[:, None]
    padded = torch.zeros(len(differ), differ.shape[1] + 1, dtype=torch.bool, device=differ.device)
    often = padded.scatter(1, torch.where(most >= 0, most, differ.shape[1]), value=True)[:, :-1]
    return torch.where(lacking, often, chosen)
