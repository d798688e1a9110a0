"""The contract of querying strategies as a function: run it over your own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from alrl.errors import ContractError, InvalidQueryError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need
from alrl.strategies.base import Strategy
from alrl.testing.example_view import example_view
from alrl.testing.instance import check_instance, tried
from alrl.testing.learning_checks import learns_in_each_episode_alone
from alrl.testing.rearrange import alone, classes_permuted, padded, records_permuted, tensors

_BATCH = 3
_RELATIVE, _ABSOLUTE = 1e-4, 1e-5

_Promise = tuple[str, Callable[[Strategy, PoolView], str | None]]


def check_strategy(strategy: Strategy) -> None:
    """Check a strategy against the contract, on views made up for it; returns nothing if every promise is kept.

    The views hold several episodes of different sizes, padded, some of them degenerate: duplicates, one class of
    probability 1, equal probabilities, one class labelled, nothing labelled, nothing left, a batch begun.

    Raises ContractError that names the broken promise, the view and what was seen.

    >>> from alrl.strategies.uncertainty_sampling import Margin
    >>> check_strategy(Margin())
    """
    check_instance(strategy, Strategy)
    name = type(strategy).__name__
    with tried(strategy):
        seen = _names_missing_need(strategy, example_view())
    if seen:
        raise ContractError(f"{name}: {seen}")
    for promises, views in ((_EVERYWHERE, _views()), (_REARRANGED, _plain_views())):
        for case, view in views:
            with tried(strategy, f'on the view "{case}"'):
                seen = _first_broken(promises, strategy, view)
            if seen:
                raise ContractError(f'{name}, on the view "{case}": {seen}')
    with tried(strategy):
        seen = _no_record_is_refused(strategy, example_view()) or _tie_is_broken_by_noise(strategy)
    if seen:
        raise ContractError(f"{name}: {seen}")


def _first_broken(promises: tuple[_Promise, ...], strategy: Strategy, view: PoolView) -> str | None:
    before = {name: tensor.clone() for name, tensor in tensors(view).items()}
    for promise, broken in promises:
        seen = broken(strategy, view)
        changed = [name for name, tensor in tensors(view).items() if not tensor.equal(before[name])]
        if changed:
            return f"score and select leave the view as it was; changed: {', '.join(changed)}"
        if seen:
            return f"{promise}; {seen}"
    return None


def _plain_views() -> Iterator[tuple[str, PoolView]]:
    yield "ordinary", example_view(seed=1)
    yield "other seed", example_view(seed=2, records=(12, 7, 5, 9))
    yield "one class labelled", example_view(seed=3, case="one class")
    yield "nothing labelled", example_view(seed=4, labelled=(0,), padding=1)
    view = example_view(seed=5)
    yield "batch begun", view.with_selected(view.available.to(torch.uint8).argmax(1))


def _views() -> Iterator[tuple[str, PoolView]]:
    yield from _plain_views()
    yield "padded", example_view(seed=6, padding=2)
    yield "duplicates", example_view(seed=7, case="duplicates")
    yield "each record twice", example_view(seed=13, case="pairs", records=(9, 8, 14))
    yield "one class of probability 1", example_view(seed=8, case="certain")
    yield "equal probabilities", example_view(seed=9, case="even", padding=1)
    yield "nothing left", example_view(seed=10, labelled=(9, 6, 12))
    yield "nothing left in one episode", example_view(seed=11, labelled=(4, 6, 11))


def _score_is_finite(strategy: Strategy, view: PoolView) -> str | None:
    score = strategy.score(view)
    if score.shape != view.exists.shape:
        return f"score has shape {tuple(score.shape)} for episodes and records {tuple(view.exists.shape)}"
    if not score.is_floating_point():
        return f"score is of {score.dtype}"
    bad = score[view.available & ~score.isfinite()]
    return f"scores {bad.tolist()}" if bad.numel() else None


def _batch_is_valid(strategy: Strategy, view: PoolView) -> str | None:
    left = view.available.sum(1)
    for count in (1, _BATCH, view.exists.shape[1] + 2):
        picks = strategy.select(view, count)
        if picks.shape != (len(left), count) or picks.dtype != torch.int64:
            return f"select(view, {count}) has shape {tuple(picks.shape)} and {picks.dtype}"
        for episode, row in enumerate(picks.tolist()):
            taken = min(count, int(left[episode]))
            chosen, rest = row[:taken], row[taken:]
            allowed = set(view.available[episode].nonzero()[:, 0].tolist())
            if not allowed.issuperset(chosen) or len(set(chosen)) < taken or any(pick != -1 for pick in rest):
                return f"select(view, {count}) is {row} in an episode where {sorted(allowed)} are available"
    return None


def _no_copy_while_others_are_left(strategy: Strategy, view: PoolView) -> str | None:
    groups = view.geometry.copies
    if groups is None:
        return None
    for count in (_BATCH, view.exists.shape[1]):
        for episode, row in enumerate(strategy.select(view, count).tolist()):
            left = len(set(groups[episode, view.available[episode]].tolist()))
            chosen = [int(groups[episode, pick]) for pick in row[: min(count, left)] if pick >= 0]
            if len(set(chosen)) < len(chosen):
                return f"select(view, {count}) is {row}, of records of which the first equals are {chosen}"
    return None


def _highest_score_is_first(strategy: Strategy, view: PoolView) -> str | None:
    score = strategy.score(view).masked_fill(~view.available, -torch.inf)
    first = strategy.select(view, 1)
    queried = score.gather(1, first.clamp_min(0))[:, 0]
    missed = (queried < score.amax(1)) & view.available.any(1)
    if missed.any():
        return f"queried a score of {queried[missed].tolist()} where the highest is {score.amax(1)[missed].tolist()}"
    return None


def _first_of_batch_is_batch_of_one(strategy: Strategy, view: PoolView) -> str | None:
    if not strategy.ordered:
        return None
    one, first = strategy.select(view, 1)[:, 0], strategy.select(view, _BATCH)[:, 0]
    return None if one.equal(first) else f"first picks {first.tolist()}, batch of one {one.tolist()}"


def _same_again(strategy: Strategy, view: PoolView) -> str | None:
    before, picks = strategy.score(view).clone(), strategy.select(view, _BATCH)
    if not strategy.select(view, _BATCH).equal(picks):
        return "another batch at the second call"
    return _differ(before, strategy.score(view), view.available, "another score at the second call")


def _alone_as_in_batch(strategy: Strategy, view: PoolView) -> str | None:
    score, picks = strategy.score(view), strategy.select(view, _BATCH)
    for episode in range(len(score)):
        single = alone(view, episode)
        records = single.exists.shape[1]
        own = strategy.score(single)
        seen = _differ(own[0], score[episode, :records], single.available[0], f"scores of episode {episode}")
        if seen is None and not strategy.select(single, _BATCH)[0].equal(picks[episode]):
            seen = f"another batch in episode {episode}"
        if seen:
            return seen
    return None


def _padding_is_ignored(strategy: Strategy, view: PoolView) -> str | None:
    wider = padded(view, records=3, features=2, classes=2, labelled=2)
    records = view.exists.shape[1]
    if not strategy.select(wider, _BATCH).equal(strategy.select(view, _BATCH)):
        return "another batch with more padding"
    return _differ(strategy.score(view), strategy.score(wider)[:, :records], view.available, "scores with more padding")


def _records_may_be_permuted(strategy: Strategy, view: PoolView) -> str | None:
    order = _reversed(view.exists)
    moved = records_permuted(view, order)
    picks = strategy.select(moved, _BATCH)
    if not order.gather(1, picks.clamp_min(0)).where(picks >= 0, picks).equal(strategy.select(view, _BATCH)):
        return "other records in another order"
    return _differ(strategy.score(view).gather(1, order), strategy.score(moved), moved.available, "scores")


def _classes_may_be_permuted(strategy: Strategy, view: PoolView) -> str | None:
    moved = classes_permuted(view, _reversed(view.class_mask))
    if not strategy.select(moved, _BATCH).equal(strategy.select(view, _BATCH)):
        return "another batch with the classes in another order"
    return _differ(strategy.score(view), strategy.score(moved), view.available, "scores")


def _no_record_is_refused(strategy: Strategy, view: PoolView) -> str | None:
    try:
        strategy.select(view, 0)
    except InvalidQueryError:
        return None
    return "a batch of 0 records is refused with InvalidQueryError; select(view, 0) returned"


def _names_missing_need(strategy: Strategy, view: PoolView) -> str | None:
    """Without what it does not need a strategy works, without what it needs it says so."""
    without: dict[Need, PoolView] = {
        "embedding": dataclasses.replace(view, embedding=None),
        "earlier-embedding": dataclasses.replace(view, earlier_embedding=None),
        "epochs": dataclasses.replace(view, epochs=None),
        "members": dataclasses.replace(view, members=None),
        "refits": dataclasses.replace(view, refits=None),
    }
    for need, less in without.items():
        try:
            strategy.select(less, 1)
        except InvalidQueryError:
            if need not in strategy.needs:
                return f"it needs {need}, which its needs do not name: {sorted(strategy.needs)}"
        else:
            if need in strategy.needs:
                return f"without {need}, which it needs, InvalidQueryError is raised; select(view, 1) returned"
    return None


def _tie_is_broken_by_noise(strategy: Strategy) -> str | None:
    view = example_view(seed=12, case="duplicates", records=(12,) * 3, labelled=(2,))
    shuffled = [dataclasses.replace(view, noise=view.noise.roll(shift, 1)) for shift in range(view.noise.shape[1])]
    picks = torch.cat([strategy.select(each, 1) for each in shuffled], 1)
    if (picks == picks[:, :1]).all(1).any():
        return "ties are broken by view.noise; among twelve equal records the same one was queried whatever the noise"
    return None


def _reversed(mask: Tensor) -> Tensor:
    """For each row the positions that the mask marks (they come first) in reverse, then the others."""
    position = torch.arange(mask.shape[1]).expand_as(mask)
    return torch.where(mask, mask.sum(1, keepdim=True) - 1 - position, position)


def _differ(expected: Tensor, given: Tensor, where: Tensor, what: str) -> str | None:
    expected, given = expected[where], given[where]
    if expected.allclose(given, rtol=_RELATIVE, atol=_ABSOLUTE):
        return None
    return f"{what}: {given.tolist()} instead of {expected.tolist()}"


_EVERYWHERE: tuple[_Promise, ...] = (
    ("score(view) is a float tensor (episodes, records), finite wherever a record is available", _score_is_finite),
    ("select(view, count) gives distinct available records, and -1 only when the pool has run out", _batch_is_valid),
    ("no batch holds records of equal features while others are left", _no_copy_while_others_are_left),
    ("the same view gives the same scores and picks; chance comes from view.noise alone", _same_again),
    ("a higher score is queried sooner", _highest_score_is_first),
    ("a batch of one is the first record of a larger batch, if ordered", _first_of_batch_is_batch_of_one),
)
_REARRANGED: tuple[_Promise, ...] = (
    ("an episode alone gives what it gives among others", _alone_as_in_batch),
    ("more padding changes nothing", _padding_is_ignored),
    ("an episode is learnt from as if it were alone", learns_in_each_episode_alone),
    ("the order of the records does not matter", _records_may_be_permuted),
    ("the order of the classes does not matter", _classes_may_be_permuted),
)
