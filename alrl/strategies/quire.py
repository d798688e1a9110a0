"""QUIRE: query the record that is unexpected whatever its class, and stands where little is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.numerics.ranking import rows_at
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class QUIRE(Strategy):
    """Score a record by minus the least loss that kernel ridge regression can have with the record in its worst class.

    Huang, Jin and Zhou 2010, "Active learning by querying informative and representative examples". Of every class
    against the rest, with targets y of 1 and -1: the other unlabelled records take whatever values they like, so that
    the loss of the labelled records l and the record s is y' (K + ridge)^-1 y over l and s alone, which is
    y_l' (K_l + ridge)^-1 y_l + (1 - mean(s))² / variance(s), mean and variance those of a Gaussian process. The kernel
    is exp(-gamma |x - z|²), gamma one over the number of features.

    Raises InvalidRecipeError for a ``ridge`` that is not above 0 and finite.

    >>> from alrl.testing.example_view import example_view
    >>> QUIRE().select(example_view(seed=0, records=(8,), labelled=(2,)), 3)
    tensor([[2, 3, 7]])
    """

    name: ClassVar[str] = "quire"
    paper: ClassVar[str] = "Huang, Jin and Zhou 2010"
    cost: ClassVar[str] = "N L (D + L + k)"

    ridge: float = 1.0
    """What the loss weighs the size of the function by."""

    def __post_init__(self) -> None:
        if not 0 < self.ridge < math.inf:
            raise InvalidRecipeError(f"quire: ridge = {self.ridge} given; it must be above 0 and finite")

    def score(self, view: PoolView) -> Tensor:
        real = view.labelled_mask
        gamma = 1 / view.feature_count.double().clamp_min(1)
        cross = _kernel(view.geometry.distance_from(view.labelled_index), gamma) * real[:, None]
        # Rows of padding are those of the identity: they have nothing to do with the others.
        own = rows_at(cross, view.labelled_index) * real[..., None]
        factor = torch.linalg.cholesky(own + torch.diag_embed(torch.where(real, self.ridge, 1.0).double()))
        target = _one_against_the_rest(view)
        solved = torch.cholesky_solve(target, factor)
        known = (target * solved).sum(1)
        variance = 1 + self.ridge - (torch.cholesky_solve(cross.transpose(1, 2), factor) * cross.transpose(1, 2)).sum(1)
        surprise = (1 - cross @ solved).square() / variance[..., None]
        loss = (known[:, None] + surprise).masked_fill(~view.class_mask[:, None], -torch.inf)
        # To nine digits: products round otherwise under other padding, and equal values are to stay equal.
        return -loss.amax(-1).round(decimals=9)


def _kernel(distance: Tensor, gamma: Tensor) -> Tensor:
    return torch.exp(-gamma[:, None, None] * distance.double().square())


def _one_against_the_rest(view: PoolView) -> Tensor:
    """Return 1 where a labelled record has the class, -1 where it has another one, 0 on padding, (B, L, k), double."""
    place = torch.arange(view.class_mask.shape[1], device=view.labels.device)
    same = (view.labels[..., None] == place).double()
    return (2 * same - 1) * view.labelled_mask[..., None]
