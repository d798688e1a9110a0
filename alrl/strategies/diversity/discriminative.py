"""Discriminative active learning: query what can best be told from the labelled records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies.base import Strategy, batch_of
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.randomness import fresh

PENALTY = 0.01
STEPS = 50
_CONSTANT = 1e-6
"""Deviation of a column that varies, as a share of its largest value: less is rounding in single precision."""


def strangeness(X: Tensor, exists: Tensor, known: Tensor, compared: Tensor | None = None) -> Tensor:
    """Log odds (B, N) that a record of X (B, N, E) is not one of the ``known`` (B, N); zero where none or all are.

    Ridge-penalised logistic regression on standardised columns, both sides weighing the same, after fifty steps of
    Böhning and Lindsay 1988, which bound the curvature from above and so never overshoot. In doubles. Fitted to the
    known records and the others, or those of the others that ``compared`` (B, N) marks.

    >>> X = torch.tensor([[[0.0], [1.0], [4.0]]])
    >>> all_of_it = torch.ones(1, 3, dtype=torch.bool)
    >>> strangeness(X, all_of_it, torch.tensor([[True, False, False]])).argmax(1)
    tensor([2])
    """
    every = _standardised(X, exists)
    used = exists if compared is None else exists & (known | compared)
    index = used.to(torch.uint8).topk(max(1, int(used.sum(1).max())), 1).indices
    rows = every.gather(1, index[..., None].expand(-1, -1, every.shape[2]))
    used, new = used.gather(1, index), (used & ~known).gather(1, index)
    many, few = new.sum(1, keepdim=True), (used & ~new).sum(1, keepdim=True)
    weight = torch.where(new, 0.5 / many.clamp_min(1), 0.5 / few.clamp_min(1)) * used
    separable = (many > 0) & (few > 0)
    return torch.where(separable & exists, _odds(every, _fitted(rows, new, weight)), 0)


def _fitted(rows: Tensor, new: Tensor, weight: Tensor) -> Tensor:
    """Return coefficients (B, E + 1) that tell the rows (B, n, E + 1) that are ``new`` (B, n) from the others."""
    beta = torch.zeros_like(rows[:, 0])
    identity = torch.eye(rows.shape[2], dtype=rows.dtype, device=rows.device)
    curvature = (rows * weight[..., None]).transpose(1, 2) @ rows / 4 + PENALTY * identity
    factor = torch.linalg.cholesky(curvature)
    for _ in range(STEPS):
        surplus = (torch.sigmoid(_odds(rows, beta)) - new.double()) * weight
        slope = (surplus[:, None] @ rows)[:, 0] + PENALTY * beta
        beta = beta - torch.cholesky_solve(slope[..., None], factor)[..., 0]
    return beta


def _odds(rows: Tensor, beta: Tensor) -> Tensor:
    return (rows @ beta[..., None])[..., 0]


def _standardised(X: Tensor, exists: Tensor) -> Tensor:
    """Return columns of mean 0 and deviation 1, a constant one 0, and a column of ones, (B, N, E + 1), double."""
    real = exists[..., None].double()
    count = real.sum(1, keepdim=True).clamp_min(1)
    centred = (X.double() - (X.double() * real).sum(1, keepdim=True) / count) * real
    deviation = (centred.square().sum(1, keepdim=True) / count).sqrt()
    usable = deviation > _CONSTANT * (X.double().abs() * real).amax(1, keepdim=True)
    scaled = torch.where(usable, centred / torch.where(usable, deviation, 1), 0)
    return torch.cat([scaled, real], 2)


_STEP = 1 << 26


@dataclass(frozen=True, kw_only=True)
class Discriminative(Strategy):
    """Scores a record by the log odds that it is not one of the labelled records, by its embedding.

    Gissin and Shalev-Shwartz 2019, "Discriminative active learning": labels ought to make the labelled records look
    like the pool. A batch is filled in ``rounds`` parts of equal size, and each part counts as labelled for the next.
    Theirs is a network; here a logistic regression tells the two apart, in the embedding, fitted to no more than
    ``compared`` of the other records, drawn at random. With nothing labelled every score is zero.

    Raises InvalidRecipeError for ``rounds`` or ``compared`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> Discriminative().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[-4.5325,  4.6457,  2.9258]])
    """

    name: ClassVar[str] = "discriminative"
    paper: ClassVar[str] = "Gissin and Shalev-Shwartz 2019"
    batch: ClassVar[str] = "ten parts, each counts as labelled"
    cost: ClassVar[str] = "10 fits, and N E each"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    rounds: int = 10
    """Parts of a batch."""
    compared: int = 4096
    """Most records that the known ones are told from."""

    def __post_init__(self) -> None:
        for name, given in (("rounds", self.rounds), ("compared", self.compared)):
            if given < 1:
                raise InvalidRecipeError(f"discriminative: {name} = {given} given; give at least 1")

    def score(self, view: PoolView) -> Tensor:
        embedding, free = embedding_of(view, self.name), view.exists & ~view.known
        drawn = fresh(view.noise, view.selected.sum(1) + _STEP).masked_fill(~free, -1)
        some = drawn.topk(min(self.compared, drawn.shape[1]), 1)
        compared = torch.zeros_like(free).scatter(1, some.indices, some.values >= 0)
        return strangeness(embedding, view.exists, view.known, compared).to(torch.float32)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        part, picks = -(-checked(count) // self.rounds), []
        for start in range(0, largest_batch(view, count), part):
            chosen = batch_of(self.score(view), view, min(part, count - start))
            picks.append(chosen)
            for pick in chosen.unbind(1):
                view = view.with_selected(pick)
        return filled(picks, view, count)
