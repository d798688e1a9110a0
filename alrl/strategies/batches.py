"""Batches filled record by record."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.geometry.copies import occurrence
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import batch_of, top

_Scores = Callable[[PoolView], Tensor]


def one_by_one(score: _Scores, view: PoolView, count: int) -> Tensor:
    """Return picks (B, count): the record of highest ``score`` of the view, again and again.

    Each pick joining the batch.

    Raises InvalidQueryError if ``count`` is below one.
    """
    checked(count)
    picks = []
    for _ in range(largest_batch(view, count)):
        pick = top(score(view), view, 1)
        picks.append(pick)
        view = view.with_selected(pick[:, 0])
    return filled(picks, view, count)


def largest_batch(view: PoolView, count: int) -> int:
    """Return ``count``, or as many records as the fullest pool has left."""
    return min(count, int(view.available.sum(1).max()))


def filled(picks: list[Tensor], view: PoolView, count: int) -> Tensor:
    """Return the picks, each (B, 1) or more, side by side, and -1 up to (B, count)."""
    batch = (
        torch.cat(picks, 1) if picks else torch.zeros(len(view.exists), 0, dtype=torch.long, device=view.noise.device)
    )
    return torch.nn.functional.pad(batch, (0, count - batch.shape[1]), value=-1)


def closed_up(picks: Tensor) -> Tensor:
    """Return the same picks (B, n) in the same order, those of -1 last.

    >>> closed_up(torch.tensor([[4, -1, 2], [-1, -1, 7]]))
    tensor([[ 4,  2, -1],
            [ 7, -1, -1]])
    """
    return picks.gather(1, (picks < 0).to(torch.uint8).argsort(dim=1, stable=True))


def completed(picks: Tensor, score: Tensor, view: PoolView, count: int) -> Tensor:
    """Return picks (B, count): those of ``picks`` (B, n) that are not -1.

    Then other available records of highest score, and copies of these last.
    """
    view = _with_batch(view, picks)
    rest = batch_of(score, view, count)
    if view.geometry.copies is not None:
        rest = torch.cat([rest, batch_of(score, _with_batch(view, rest), count)], 1)
    return closed_up(torch.cat([picks, rest], 1))[:, :count]


def _with_batch(view: PoolView, picks: Tensor) -> PoolView:
    """Return the view in which the picks (B, n) are in the batch; a pick of -1 is none."""
    taken = view.selected.clone()
    rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
    taken[rows[picks >= 0], picks[picks >= 0]] = True
    return dataclasses.replace(view, selected=taken)


def one_of_copies(among: Tensor, view: PoolView) -> Tensor:
    """Return the records that ``among`` (B, N) marks, of equal ones that of most noise alone, (B, N), bool."""
    groups, place = view.geometry.copies, torch.arange(view.exists.shape[1], device=view.exists.device)
    if groups is None:
        return among
    order = view.noise.argsort(dim=1, descending=True, stable=True)
    group = torch.where(among, groups, len(place) + place).gather(1, order)
    first = torch.zeros_like(view.exists).scatter(1, order, occurrence(group) == 0)
    return first & among


def first_of_copies(rows: Tensor, view: PoolView, episode: int) -> Tensor:
    """Return which of the records at ``rows`` (n,) of an episode equal none before them, places in ``rows``, (m,).

    >>> from alrl.testing import example_view
    >>> first_of_copies(torch.tensor([4, 5, 0, 1]), example_view(seed=0, case="pairs"), 0)
    tensor([0, 2])
    """
    if view.geometry.copies is None:
        return torch.arange(len(rows), device=rows.device)
    return (occurrence(view.geometry.copies[episode, rows][None])[0] == 0).nonzero()[:, 0]


def checked(count: int) -> int:
    """Return ``count`` itself. Raises InvalidQueryError if it is below one."""
    if count < 1:
        raise InvalidQueryError(f"batch of {count} records asked for; a batch has at least 1 record")
    return count
