"""Reach: of the smallest margins, the record whose label would say most about what else is in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.posterior import posterior, standing_for_pool, weighted_mean
from alrl.numerics.ranking import best
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.expected_change import checked_counts


@dataclass(frozen=True, kw_only=True)
class Reach(Strategy):
    """Among the ``candidates`` of smallest margin, the record of largest mean squared correlation with the pool.

    Correlations are those of the logits in a Bayesian linear model that knows which records are labelled, taken with
    128 records drawn at random, which count by the square of their Gini impurity: what transductive experimental design
    (Yu, Bi and Tresp 2006) and variance reduction (Schein and Ungar 2007) choose by, within what margin sampling would
    choose from. A rule of alrl's own, found among the features of the group ``influence``; each record of a batch
    counts as known for the next. A record that is no candidate scores minus its margin, less 1.

    Raises InvalidRecipeError for ``candidates`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0, records=(9,), labelled=(3,))
    >>> Reach(candidates=1).select(view).equal(top(-view.margin, view, 1))
    True
    """

    name: ClassVar[str] = "reach"
    paper: ClassVar[str] = "after Yu et al. 2006"
    batch: ClassVar[str] = "one by one, each pick counts as known"
    cost: ClassVar[str] = "m L (L + D) 128"

    candidates: int = 20
    """Available records of smallest margin that are chosen from."""

    def __post_init__(self) -> None:
        checked_counts(self.name, candidates=self.candidates)

    def score(self, view: PoolView) -> Tensor:
        index = best(-view.margin, view.available, view.noise, min(self.candidates, view.exists.shape[1]))
        others, weight = standing_for_pool(view)
        weight = weight * view.impurity.gather(1, others).square()
        squared = posterior(view, index.clamp_min(0), others).correlation.square()
        # Without a record that is in doubt all are worth the same.
        worth = weighted_mean(squared, weight).nan_to_num(0.0)
        score = torch.nn.functional.pad(-1 - view.margin, (0, 1))
        at = torch.where(index >= 0, index, view.exists.shape[1])
        return score.scatter(1, at, worth.to(score.dtype))[:, :-1]

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        picks = []
        for _ in range(largest_batch(view, checked(count))):
            picks.append(top(self.score(view), view, 1))
            view = view.with_selected(picks[-1][:, 0])
        return filled(picks, view, count)
