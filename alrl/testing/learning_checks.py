"""The part of the contract that is about strategies that learn from round to round."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy
from alrl.strategies.randomness import fresh
from alrl.testing.rearrange import alone, padded

_LOOPS = 3


def learns_in_each_episode_alone(strategy: Strategy, view: PoolView) -> str | None:
    """Return what is wrong with how the strategy learns over a few rounds that begin with the view, or None.

    One that says it does not learn stays itself; one that does leaves the strategy before as it was, and learns in an
    episode what it would learn there alone.
    """
    if not strategy.learns:
        same = strategy.after(view, strategy.select(view, 2), view) is strategy
        return None if same else "after() gave another strategy; learns says that it is always the same"
    first = strategy.select(view, 2)
    now, company = strategy, view
    single = [(strategy, alone(view, episode)) for episode in range(len(view.exists))]
    for _ in range(_LOOPS):
        now, company = _one_loop(now, company)
        single = [_one_loop(each, small) for each, small in single]
    picks = now.select(company, 2)
    for episode, (each, small) in enumerate(single):
        own = each.select(small, 2)[0]
        if not own.equal(picks[episode]):
            return f"after {_LOOPS} loops episode {episode} picks {picks[episode].tolist()}, alone {own.tolist()}"
    return None if strategy.select(view, 2).equal(first) else "after() changed the strategy that it was asked of"


def _one_loop(strategy: Strategy, view: PoolView) -> tuple[Strategy, PoolView]:
    picks = strategy.select(view, 2)
    later = with_labels(view, picks)
    return strategy.after(view, picks, later), later


def with_labels(view: PoolView, picks: Tensor) -> PoolView:
    """Return a view as it may be once the ``picks`` (B, b) have labels, made up from the view's noise.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0, records=(9,))
    >>> later = with_labels(view, view.available.to(torch.uint8).argmax(1, keepdim=True))
    >>> (later.spent - view.spent).tolist(), later.available.sum(1) - view.available.sum(1)
    ([1], tensor([-1]))
    """
    valid, room = picks >= 0, padded(view, labelled=picks.shape[1])
    luck = fresh(view.noise, 7)
    drawn = luck.gather(1, picks.clamp_min(0))
    answer = (view.predicted.gather(1, picks.clamp_min(0)) + (drawn < 1 / 2).long()) % view.class_count[:, None]
    place = view.labelled_mask.sum(1, keepdim=True) + valid.cumsum(1) - 1
    rows = torch.arange(len(picks))[:, None].expand_as(picks)
    index, labels, mask = room.labelled_index.clone(), room.labels.clone(), room.labelled_mask.clone()
    index[rows[valid], place[valid]], labels[rows[valid], place[valid]] = picks[valid], answer[valid]
    mask[rows[valid], place[valid]] = True
    labelled = view.labelled.clone()
    labelled[rows[valid], picks[valid]] = True
    # The learner changes its mind a little, in every record by itself.
    moved = view.probabilities * (0.5 + luck[..., None])
    moved = torch.where(luck[..., None] < 1 / 3, moved.square(), moved)
    return dataclasses.replace(
        room,
        labelled=labelled,
        selected=torch.zeros_like(view.selected),
        labelled_index=index,
        labels=labels,
        labelled_mask=mask,
        probabilities=moved / moved.sum(-1, keepdim=True).clamp_min(1e-9),
        noise=luck * view.exists,
        spent=view.spent + valid.sum(1),
    )
