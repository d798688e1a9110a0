"""TCM: query typical records of clusters first, and by margin sampling once a model can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need
from alrl.strategies.base import Strategy
from alrl.strategies.batches import checked, completed
from alrl.strategies.diversity.typiclust import TypiClust


@dataclass(frozen=True, kw_only=True)
class TCM(Strategy):
    """Play TypiClust for the first ``typical`` queries a class, then margin sampling.

    Doucet, Estermann, Aczel and Wattenhofer 2024, "Bridging diversity and uncertainty in active learning with
    self-supervised pre-training": TypiClust against the cold start, then margin; when to change follows from the number
    of classes. A batch over the change holds records of both.

    Raises InvalidRecipeError for ``typical`` below 0.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0, records=(9,), labelled=(2,))
    >>> TCM().select(view).equal(TypiClust().select(view)), TCM(typical=0).score(view).equal(-view.margin.double())
    (True, True)
    """

    name: ClassVar[str] = "tcm"
    paper: ClassVar[str] = "Doucet et al. 2024"
    batch: ClassVar[str] = "that of TypiClust, then highest scores"
    cost: ClassVar[str] = "clusters · N E at first, then N k"
    ordered: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = TypiClust.needs

    typical: float = 2.0
    """Queries for each class before margin sampling takes over."""

    def __post_init__(self) -> None:
        if not self.typical >= 0:
            raise InvalidRecipeError(f"tcm: typical = {self.typical} given; it must be at least 0")

    def score(self, view: PoolView) -> Tensor:
        early, margin = self._left(view) > 0, -view.margin.double()
        typical = TypiClust().score(view).double() if bool(early.any()) or self._unprovided(view) else margin
        return torch.where(early[:, None], typical, margin)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        left = self._left(view)
        if not bool((left > 0).any()) and not self._unprovided(view):
            return completed(left.new_empty(len(left), 0), -view.margin, view, checked(count))
        picks = TypiClust().select(view, checked(count))
        place = torch.arange(count, device=picks.device)
        return completed(torch.where(place < left[:, None], picks, -1), -view.margin, view, count)

    @staticmethod
    def _unprovided(view: PoolView) -> bool:
        """Return whether TypiClust has to say what it misses."""
        return view.embedding is None

    def _left(self, view: PoolView) -> Tensor:
        """Return queries (B,) that TypiClust still chooses, long."""
        all_of_them = (self.typical * view.class_count).round().long()
        return all_of_them - view.spent - view.selected.sum(1)
