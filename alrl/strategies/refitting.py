"""What strategies that refit the learner have in common: which records are tried, and what is expected of each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.refits import Refits
from alrl.loop.rows import rows_at
from alrl.strategies.base import top
from alrl.strategies.chance import fresh

_TRIED, _ASKED = 1 << 27, 1 << 28

Measure = Callable[[Tensor, slice], Tensor]
"""Of probabilities (B, n, k, R, k) after a supposed label, and of the candidates that they are of: (B, n, k, R)."""


def tried(view: PoolView, count: int) -> Tensor:
    """Positions (B, K) of the candidates: the available records, or ``count`` of them at random; -1 where fewer."""
    most = min(count, int(view.available.sum(1).max()))
    chance = fresh(view.noise, view.selected.sum(1) + _TRIED)
    return top(chance, view, most) if most else torch.zeros_like(view.labelled_index[:, :0])


def asked_about(view: PoolView, count: int) -> tuple[Tensor, Tensor]:
    """Positions (B, R) of unlabelled records, all or ``count`` of them at random, and which of them are no padding."""
    chance = fresh(view.noise, view.selected.sum(1) + _ASKED).masked_fill(view.labelled | ~view.exists, -1)
    some = chance.topk(min(count, chance.shape[1]), 1)
    return some.indices, some.values >= 0


def expected(
    view: PoolView, refits: Refits, records: Tensor, about: tuple[Tensor, Tensor], measure: Measure, *, itself: bool
) -> Tensor:
    """Mean of ``measure`` over the records ``about``, expected over a candidate's label, (B, K), double.

    A label is as likely as the learner says now. The candidate counts only where ``itself`` is asked for.
    """
    of, real = about
    chances = rows_at(view.probabilities, records.clamp_min(0)).double()
    parts = []
    for columns, said in refits.blocks(view, records, of):
        value = measure(said, columns) * real[:, None, None]
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
    """Scores (B, N), float32, of the candidates' (B, K); every other record's is one less than the lowest."""
    score, real = score.to(torch.float32), records >= 0
    lowest = torch.where(real, score, torch.inf).amin(1, keepdim=True) if score.shape[1] else score.sum(1, keepdim=True)
    rest = torch.where(lowest.isfinite(), lowest - 1, 0.0)
    whole = torch.nn.functional.pad(rest.expand(view.exists.shape), (0, 1))
    place = torch.where(real, records, view.exists.shape[1])
    return whole.scatter(1, place, score)[:, :-1].clone()


def checked_counts(name: str, **given: int | None) -> None:
    """Raises InvalidRecipeError where a setting of the strategy ``name`` is given and below 1."""
    for setting, value in given.items():
        if value is not None and value < 1:
            raise InvalidRecipeError(f"{name}: {setting} = {value} given; give at least 1")
