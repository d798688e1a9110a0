"""Class balance: the strategy's choice among records that look like the class with the fewest labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.numerics.uncertainty import votes
from alrl.strategies.base import scored
from alrl.strategies.batches import one_by_one
from alrl.strategies.wrappers.base import Wrapper
from alrl.strategies.wrappers.power import rank


@dataclass(frozen=True, kw_only=True)
class ClassBalanced(Wrapper):
    """Queries the base's best among the records whose predicted class has the fewest labels.

    The greedy form of Bengar, van de Weijer, Fuentes and Raducanu 2022, "Class-balanced active learning for image
    classification": each pick brings the expected numbers of labels of the classes closest to even. A record already in
    the batch counts as one of its predicted class, and a record of several equally likely classes for an equal part of
    each. The score is minus that class's count, plus the base's preference as a fraction, in doubles: classes
    first, then the base.

    Raises InvalidRecipeError for a ``base`` that there is not.

    >>> from alrl.testing.example_view import example_view
    >>> ClassBalanced().score(example_view(seed=0, records=(4,), labelled=(1,)))
    tensor([[-0.6667,  0.2000, -0.5000,  0.2500]], dtype=torch.float64)
    """

    name: ClassVar[str] = "class-balanced"
    paper: ClassVar[str] = "Bengar et al. 2022"
    batch: ClassVar[str] = "one by one, counts brought up to date"
    cost: ClassVar[str] = "m times its base's"

    def score(self, view: PoolView) -> Tensor:
        return self._score(view, _predicted(view))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        predicted = _predicted(view)
        return one_by_one(lambda seen: self._score(seen, predicted), view, count)

    def _score(self, view: PoolView, predicted: Tensor) -> Tensor:
        preference = 1 / (1 + rank(scored(self.inner, view).double(), view.available))
        return preference - (predicted * _counts(view, predicted)[:, None]).sum(-1)


def counts(view: PoolView) -> Tensor:
    """Return labels of each class, (B, k), double; a selected record counts for the class that is predicted of it.

    >>> from alrl.testing.example_view import example_view
    >>> counts(example_view(seed=0, records=(9,)))
    tensor([[1., 1., 2.]], dtype=torch.float64)
    """
    return _counts(view, _predicted(view))


def _counts(view: PoolView, predicted: Tensor) -> Tensor:
    labelled = torch.zeros(view.class_mask.shape, dtype=torch.float64, device=view.labels.device)
    labelled.scatter_add_(1, view.labels, view.labelled_mask.double())
    return labelled + (predicted * view.selected[..., None]).sum(1)


def _predicted(view: PoolView) -> Tensor:
    """Return 1 for the predicted class of each record, (B, N, k), double.

    Equal parts where several are equally likely.
    """
    return votes(view.probabilities[:, None]).double()
