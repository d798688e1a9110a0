"""Stochastic batches: any strategy's scores, with the noise that turns the best few into a draw without replacement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy, scored
from alrl.strategies.randomness import gumbel
from alrl.strategies.wrappers.base import Wrapper

PowerKind = Literal["power", "softmax", "softrank"]


@dataclass(frozen=True, kw_only=True)
class Power(Wrapper):
    """Scores a record by a function of its score by ``base`` plus Gumbel noise divided by ``beta``.

    Kirsch, Farquhar, Atighehchian, Jesson, Branchaud-Charron and Gal 2023 (2021 as a preprint), "Stochastic batch
    acquisition: a simple baseline for deep active learning". The function is the score's logarithm (``power``), the
    score itself (``softmax``), or minus the logarithm of its rank (``softrank``). A batch of the highest is a draw
    without replacement, in proportion to score to the power ``beta``, to exp(``beta`` · score) or to rank to the power
    -``beta``: records that are alike need not all be in it. Records of equal score share the better rank.

    Raises:
        InvalidRecipeError: a ``kind`` or ``base`` that there is not, or a ``beta`` that is not above zero and finite.
        InvalidQueryError: with ``power``, a base that scores a record below zero, as margin does.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0, records=(3,), labelled=(1,))
    >>> Power(base="margin", kind="softrank").score(view)
    tensor([[-1.0340, -0.1498,  0.2015]])
    """

    name: ClassVar[str] = "power"
    paper: ClassVar[str] = "Kirsch et al. 2023"
    batch: ClassVar[str] = "draw without replacement"
    cost: ClassVar[str] = "its base's, and N log N"

    base: Strategy | str = "entropy"
    """The strategy whose scores are used, or its registered name, or ``package.module:Class``."""
    kind: PowerKind = "power"
    """Which function of the scores."""
    beta: float = 1.0
    """How little chance there is: near 0 every record is as likely, at infinity the base chooses."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in get_args(PowerKind):
            raise InvalidRecipeError(f"power: kind = {self.kind!r} given; allowed: {', '.join(get_args(PowerKind))}")
        if not 0 < self.beta < math.inf:
            raise InvalidRecipeError(f"power: beta = {self.beta} given; it must be above 0 and finite")

    def score(self, view: PoolView) -> Tensor:
        return self._shaped(scored(self.inner, view), view) + gumbel(view.noise, view.selected.sum(1)) / self.beta

    def _shaped(self, score: Tensor, view: PoolView) -> Tensor:
        if self.kind == "softmax":
            return score
        if self.kind == "softrank":
            return -rank(score, view.available).log()
        least = torch.where(view.available, score, 0).min()
        if least < 0:
            raise InvalidQueryError(
                f"power: {self.inner.name} gives a score of {float(least):.4g}, and a power needs scores of 0 or more;"
                ' give kind = "softmax" or "softrank", or another base'
            )
        return score.clamp_min(torch.finfo(score.dtype).tiny).log()


def rank(score: Tensor, available: Tensor) -> Tensor:
    """Return ranks (B, N) of the scores among the available records, 1 for the highest.

    Equal scores share the better rank.

    >>> rank(torch.tensor([[0.1, 0.7, 0.4, 0.7, 0.9]]), torch.tensor([[True, True, True, True, False]]))
    tensor([[4., 1., 3., 1., 1.]])
    """
    rising = torch.where(available, -score, torch.inf).sort(1).values
    return torch.searchsorted(rising, -score.contiguous()).to(score.dtype) + 1
