"""Expected error reduction: query the record after whose label the learner would be least unsure of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView, Refits
from alrl.loop.view_fields import Need, refits_of
from alrl.numerics.ranking import rows_at
from alrl.strategies.base import Strategy, top
from alrl.strategies.randomness import fresh

_TRIED, _EVALUATED = 1 << 27, 1 << 28

Measure = Callable[[Tensor, slice], Tensor]
"""Of probabilities (B, n, k, R, k) after a supposed label, and of the candidates that they are of: (B, n, k, R)."""


def tried(view: PoolView, count: int) -> Tensor:
    """Return the positions (B, K) of the candidates: the available records, or ``count`` of them at random.

    -1 where fewer.
    """
    most = min(count, int(view.available.sum(1).max()))
    chance = fresh(view.noise, view.selected.sum(1) + _TRIED)
    return top(chance, view, most) if most else torch.zeros_like(view.labelled_index[:, :0])


def evaluation_records(view: PoolView, count: int) -> tuple[Tensor, Tensor]:
    """Return the positions (B, R) of unlabelled records, all or ``count`` of them at random.

    And which of them are no padding.
    """
    chance = fresh(view.noise, view.selected.sum(1) + _EVALUATED).masked_fill(view.labelled | ~view.exists, -1)
    some = chance.topk(min(count, chance.shape[1]), 1)
    return some.indices, some.values >= 0


def expected(
    view: PoolView, refits: Refits, records: Tensor, about: tuple[Tensor, Tensor], measure: Measure, *, itself: bool
) -> Tensor:
    """Return the mean of ``measure`` over the records ``about``, expected over a candidate's label, (B, K), double.

    A label is as likely as the learner says now. The candidate counts only where ``itself`` is asked for.
    """
    of, real = about
    chances = rows_at(view.probabilities, records.clamp_min(0)).double()
    parts = []
    for columns, probabilities in refits.blocks(view, records, of):
        value = measure(probabilities, columns) * real[:, None, None]
        counted = real.sum(1)[:, None].expand(-1, value.shape[1])
        total = value.sum(-1)
        if not itself:
            own = (of[:, None] == records[:, columns, None]) & real[:, None]
            # Taken off, not left out: sums of the same numbers in another order would tell equal records apart.
            total = total - torch.where(own[:, :, None], value, 0).sum(-1)
            counted = counted - own.sum(-1)
        parts.append((chances[:, columns] * total).sum(-1) / counted.clamp_min(1))
    return torch.cat(parts, 1) if parts else chances.sum(-1)


def spread(view: PoolView, records: Tensor, score: Tensor) -> Tensor:
    """Return scores (B, N), float32, of the candidates' (B, K); every other record's is one less than the lowest."""
    score, real = score.to(torch.float32), records >= 0
    lowest = torch.where(real, score, torch.inf).amin(1, keepdim=True) if score.shape[1] else score.sum(1, keepdim=True)
    rest = torch.where(lowest.isfinite(), lowest - 1, 0.0)
    whole = torch.nn.functional.pad(rest.expand(view.exists.shape), (0, 1))
    place = torch.where(real, records, view.exists.shape[1])
    return whole.scatter(1, place, score)[:, :-1].clone()


def checked_counts(name: str, **given: int | None) -> None:
    """Raise InvalidRecipeError where a setting of the strategy ``name`` is given and below 1."""
    for setting, value in given.items():
        if value is not None and value < 1:
            raise InvalidRecipeError(f"{name}: {setting} = {value} given; give at least 1")


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

    >>> from alrl.testing.example_view import example_view
    >>> ExpectedErrorReduction().score(example_view(seed=0, records=(4,), labelled=(2,)))
    tensor([[-0.1414, -1.4045, -1.4045, -0.4045]])
    """

    name: ClassVar[str] = "expected-error-reduction"
    paper: ClassVar[str] = "Roy and McCallum 2001"
    cost: ClassVar[str] = "256 k refits, each asked of 512 records"
    needs: ClassVar[frozenset[Need]] = frozenset({"refits"})

    loss: Loss = "log"
    """How the error is estimated."""
    candidates: int = 256
    """Most records that may be queried: drawn anew for every query from a pool with more available ones."""
    evaluated: int = 512
    """Most unlabelled records that the loss is estimated on."""
    iterations: int | None = None
    """Most solver steps or epochs of a refit, which then begins at the learner's last fit; None for a whole fit."""

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            allowed = ", ".join(get_args(Loss))
            raise InvalidRecipeError(f"{self.name}: loss = {self.loss!r} given; allowed: {allowed}")
        checked_counts(self.name, candidates=self.candidates, evaluated=self.evaluated, iterations=self.iterations)

    def score(self, view: PoolView) -> Tensor:
        records, about = tried(view, self.candidates), evaluation_records(view, self.evaluated)
        refits = refits_of(view, self.name, self.iterations)
        error = expected(view, refits, records, about, self._loss, itself=False)
        return spread(view, records, -error)

    def _loss(self, probabilities: Tensor, _: slice) -> Tensor:
        if self.loss == "zero-one":
            return 1 - probabilities.amax(-1).double()
        total = torch.zeros(probabilities.shape[:-1], dtype=torch.float64, device=probabilities.device)
        for probability in probabilities.double().unbind(-1):
            total += torch.special.entr(probability)
        return total


@dataclass(frozen=True, kw_only=True)
class ExpectedOutputChange(Strategy):
    """Scores a record by how far its label is expected to move the class probabilities of the unlabelled records.

    Freytag, Rodner and Denzler 2014, "Selecting influential examples: active learning with expected model output
    changes": the sum over classes of the absolute change, averaged over the records and expected over the labels that
    the learner gives. The learner is refitted for every label, so this is the change itself and not, as in expected
    model change and expected gradient length, its first step. In larger pools ``candidates`` and ``evaluated`` records
    are drawn anew for every query; a record that is no candidate scores one less than the lowest that is.

    Raises InvalidRecipeError for a setting below 1.

    >>> from alrl.testing.example_view import example_view
    >>> ExpectedOutputChange().score(example_view(seed=0, records=(4,), labelled=(2,)))
    tensor([[ 1.1100, -0.4816, -0.4816,  0.5184]])
    """

    name: ClassVar[str] = "expected-output-change"
    paper: ClassVar[str] = "Freytag, Rodner and Denzler 2014"
    cost: ClassVar[str] = "256 k refits, each asked of 512 records"
    needs: ClassVar[frozenset[Need]] = frozenset({"refits"})

    candidates: int = 256
    """Most records that may be queried: drawn anew for every query from a pool with more available ones."""
    evaluated: int = 512
    """Most unlabelled records that the change is measured on."""
    iterations: int | None = None
    """Most solver steps or epochs of a refit, which then begins at the learner's last fit; None for a whole fit."""

    def __post_init__(self) -> None:
        checked_counts(self.name, candidates=self.candidates, evaluated=self.evaluated, iterations=self.iterations)

    def score(self, view: PoolView) -> Tensor:
        records, about = tried(view, self.candidates), evaluation_records(view, self.evaluated)
        index = about[0][..., None].expand(-1, -1, view.probabilities.shape[2])
        now = view.probabilities.gather(1, index)[:, None, None]

        def change(probabilities: Tensor, _: slice) -> Tensor:
            total = torch.zeros(probabilities.shape[:-1], dtype=torch.float64, device=probabilities.device)
            for before, after in zip(now.unbind(-1), probabilities.unbind(-1), strict=True):
                total += (after - before).abs()
            return total

        refits = refits_of(view, self.name, self.iterations)
        return spread(view, records, expected(view, refits, records, about, change, itself=True))
