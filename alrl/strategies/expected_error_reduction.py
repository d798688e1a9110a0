"""Expected error reduction: query the record after whose label the learner would be least unsure of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies.asked import refits_of
from alrl.strategies.base import Strategy
from alrl.strategies.refitting import asked_about, checked_counts, expected, spread, tried

Loss = Literal["log", "zero-one"]


@dataclass(frozen=True, kw_only=True)
class ExpectedErrorReduction(Strategy):
    """Scores a record by minus the learner's expected loss on all other unlabelled records once its label is known.

    Roy and McCallum 2001, "Toward optimal active learning through sampling estimation of error reduction". For every
    label that the record may have the learner is refitted; its loss is estimated by itself, as the mean entropy in nats
    (``log``) or one minus the largest probability (``zero-one``), and weighted by how likely the label is now. All
    refits of all episodes are made together. In larger pools ``candidates`` and ``evaluated`` records are drawn anew
    for every query, as the paper proposes; a record that is no candidate scores one less than the lowest that is. A
    batch is the candidates of highest score.

    Raises InvalidRecipeError for an unknown ``loss``, or another setting below 1.

    >>> from alrl.strategies.example_view import example_view
    >>> ExpectedErrorReduction().score(example_view(seed=0, records=(4,), labelled=(2,)))
    tensor([[-0.1414, -1.4045, -1.4045, -0.4045]])
    """

    name: ClassVar[str] = "expected-error-reduction"
    paper: ClassVar[str] = "Roy and McCallum 2001"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "256 k refits, each asked of 512 records"
    needs: ClassVar[frozenset[Need]] = frozenset({"refits"})

    loss: Loss = "log"
    """How the error is estimated."""
    candidates: int = 256
    """Of a pool with more available records, so many may be queried."""
    evaluated: int = 512
    """Of a pool with more unlabelled records, the loss is estimated on so many."""
    iterations: int | None = None
    """Most solver steps or epochs of a refit, which then begins at the learner's last fit; None for a whole fit."""

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            allowed = ", ".join(get_args(Loss))
            raise InvalidRecipeError(f"{self.name}: loss = {self.loss!r} given; allowed: {allowed}")
        checked_counts(self.name, candidates=self.candidates, evaluated=self.evaluated, iterations=self.iterations)

    def score(self, view: PoolView) -> Tensor:
        records, about = tried(view, self.candidates), asked_about(view, self.evaluated)
        refits = refits_of(view, self.name, self.iterations)
        error = expected(view, refits, records, about, self._loss, itself=False)
        return spread(view, records, -error)

    def _loss(self, said: Tensor, _: slice) -> Tensor:
        if self.loss == "zero-one":
            return 1 - said.amax(-1).double()
        total = torch.zeros(said.shape[:-1], dtype=torch.float64, device=said.device)
        for each in said.double().unbind(-1):
            total += torch.special.entr(each)
        return total
