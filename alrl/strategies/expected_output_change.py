"""Expected output change: query the record whose label would move most what the learner says of the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies.asked import refits_of
from alrl.strategies.base import Strategy
from alrl.strategies.refitting import asked_about, checked_counts, expected, spread, tried


@dataclass(frozen=True, kw_only=True)
class ExpectedOutputChange(Strategy):
    """Scores a record by how far its label is expected to move the class probabilities of the unlabelled records.

    Freytag, Rodner and Denzler 2014, "Selecting influential examples: active learning with expected model output
    changes": the sum over classes of the absolute change, averaged over the records and expected over the labels that
    the learner gives. The learner is refitted for every label, so this is the change itself and not, as in expected
    model change and expected gradient length, its first step. In larger pools ``candidates`` and ``evaluated`` records
    are drawn anew for every query; a record that is no candidate scores one less than the lowest that is.

    Raises InvalidRecipeError for a setting below 1.

    >>> from alrl.strategies.example_view import example_view
    >>> ExpectedOutputChange().score(example_view(seed=0, records=(4,), labelled=(2,)))
    tensor([[ 1.1100, -0.4816, -0.4816,  0.5184]])
    """

    name: ClassVar[str] = "expected-output-change"
    paper: ClassVar[str] = "Freytag, Rodner and Denzler 2014"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "256 k refits, each asked of 512 records"
    needs: ClassVar[frozenset[Need]] = frozenset({"refits"})

    candidates: int = 256
    """Of a pool with more available records, so many may be queried."""
    evaluated: int = 512
    """Of a pool with more unlabelled records, the change is measured on so many."""
    iterations: int | None = None
    """Most solver steps or epochs of a refit, which then begins at the learner's last fit; None for a whole fit."""

    def __post_init__(self) -> None:
        checked_counts(self.name, candidates=self.candidates, evaluated=self.evaluated, iterations=self.iterations)

    def score(self, view: PoolView) -> Tensor:
        records, about = tried(view, self.candidates), asked_about(view, self.evaluated)
        index = about[0][..., None].expand(-1, -1, view.probabilities.shape[2])
        now = view.probabilities.gather(1, index)[:, None, None]

        def change(said: Tensor, _: slice) -> Tensor:
            total = torch.zeros(said.shape[:-1], dtype=torch.float64, device=said.device)
            for before, after in zip(now.unbind(-1), said.unbind(-1), strict=True):
                total += (after - before).abs()
            return total

        refits = refits_of(view, self.name, self.iterations)
        return spread(view, records, expected(view, refits, records, about, change, itself=True))
