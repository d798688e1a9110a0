"""The contracts of what an environment is made of: features, candidates and rewards of your own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from alrl.envs.candidates import CandidateSource, check_count
from alrl.envs.rewards import Reward, Standing
from alrl.envs.rewards.contract import payment, reaches
from alrl.errors import ContractError
from alrl.loop.pool_view import PoolView
from alrl.loop.promises import is_own, left_as_given
from alrl.metadata.feature import FeatureGroup
from alrl.metadata.feature_set import GROUPS, declared
from alrl.testing.example_view import example_view
from alrl.testing.instance import check_instance, tried
from alrl.testing.rearrange import alone, padded, tensors

_ROUNDING = 1e-4
_Way = Callable[[Standing, Standing], tuple[Standing, ...]]
"""Which standings a method of a reward is given."""


def _views() -> Iterator[tuple[str, PoolView]]:
    yield "ordinary", example_view(seed=1)
    yield "padded", example_view(seed=2, padding=2)
    yield "duplicates", example_view(seed=3, case="duplicates")
    yield "one class of probability 1", example_view(seed=4, case="certain")
    yield "equal probabilities", example_view(seed=5, case="even")
    yield "one class labelled", example_view(seed=6, case="one class")
    yield "nothing labelled", example_view(seed=7, labelled=(0,), padding=1)
    yield "nothing left", example_view(seed=8, labelled=(9, 6, 12))
    view = example_view(seed=9)
    yield "batch begun", view.with_selected(view.available.to(torch.uint8).argmax(1))


def check_feature(group: FeatureGroup) -> None:
    """Check a group of features against the contract, on views made up for it.

    Its values have a column for each of its features, are finite and within their ranges on every view, degenerate ones
    among them; an episode is described alone as among others, whatever the padding; and the view is left as it was.

    Raises ContractError that names the broken promise, the view and what was seen.

    >>> from alrl.metadata import GROUPS
    >>> check_feature(GROUPS["confidence"])
    """
    check_instance(group, FeatureGroup)
    name = type(group).__name__
    with tried(group):
        declared(group, name)
    columns = [feature.name for feature in group.features]
    if len(set(columns)) < len(columns):
        raise ContractError(f"{name}: each feature has a name of its own; {columns} given")
    ranges = [feature.name for feature in group.features if not feature.low < feature.high]
    if ranges:
        raise ContractError(f"{name}: the least value of a feature is below its greatest; see {ranges[0]!r}")
    _own_names(group)
    for case, view in _views():
        before = {field: tensor.clone() for field, tensor in tensors(view).items()}
        with tried(group, f'on the view "{case}"'):
            seen = _values(group, view) or _same(group, view)
        changed = [field for field, tensor in tensors(view).items() if not tensor.equal(before[field])]
        seen = f"compute leaves the view as it was; changed: {', '.join(changed)}" if changed else seen
        if seen:
            raise ContractError(f'{name}, on the view "{case}": {seen}')


def _own_names(group: FeatureGroup) -> None:
    """Raise ContractError where a group of one's own, or a column of it, has the name of one of alrl's."""
    if not is_own(group):
        return
    shipped = {feature.name: name for name, other in GROUPS.items() for feature in other.features}
    taken = [f"the feature {feature.name!r}" for feature in group.features if feature.name in shipped]
    if taken or group.name in GROUPS:
        wrong = taken[0] if taken else f"the group {group.name!r}"
        raise ContractError(f"{type(group).__name__}: names are its own; {wrong} comes with alrl: rename it")


def _index(view: PoolView) -> Tensor:
    return torch.arange(view.exists.shape[1]).expand(view.exists.shape)


def _values(group: FeatureGroup, view: PoolView) -> str | None:
    with left_as_given(group, view=view):
        values: Any = group.compute(view, _index(view))
    count = len(group.features)
    expected = (*view.exists.shape, count) if group.scope == "record" else (len(view.exists), count)
    if not isinstance(values, Tensor) or values.shape != expected or not values.is_floating_point():
        given = f"{tuple(values.shape)} of {values.dtype}" if isinstance(values, Tensor) else repr(values)
        return f"compute gives a float tensor {expected}; it gave {given}"
    values = values.detach()
    real = values[view.exists] if group.scope == "record" else values
    for column, feature in enumerate(group.features):
        low, high = float(real[:, column].min()), float(real[:, column].max())
        if not (low >= feature.low - _ROUNDING and high <= feature.high + _ROUNDING):
            return f"{feature.name} lies from {feature.low:g} to {feature.high:g}; it was from {low:g} to {high:g}"
    return None


def _same(group: FeatureGroup, view: PoolView) -> str | None:
    values = group.compute(view, _index(view))
    wider = padded(view, records=2, features=1, classes=1, labelled=1)
    if _gap(group, values, group.compute(wider, _index(wider)), view) > _ROUNDING:
        return "more padding changes nothing; values changed"
    for episode in range(len(view.exists)):
        small = alone(view, episode)
        own = group.compute(small, _index(small))
        together = values[episode : episode + 1]
        if _gap(group, own, together, small) > _ROUNDING:
            return f"an episode alone is described as among others; episode {episode} was not"
    return None


def _gap(group: FeatureGroup, values: Tensor, others: Tensor, view: PoolView) -> float:
    if group.scope == "record":
        values, others = values[view.exists], others[:, : view.exists.shape[1]][view.exists]
    gap = (values - others).detach().abs().max() if values.numel() else torch.zeros(())
    return float(gap)


def check_candidates(source: CandidateSource) -> None:
    """Check a source of candidates against the contract, on views made up for it.

    It draws (B, count) distinct records that are available, -1 last where the pool ran out; an episode draws alone the
    records that it draws among others; a policy file can describe it.

    Raises ContractError that names the broken promise, the view and what was seen.

    >>> from alrl.envs.candidates import CandidateMixture
    >>> check_candidates(CandidateMixture(count=4))
    """
    check_instance(source, CandidateSource)
    name = type(source).__name__
    if not dataclasses.is_dataclass(source) or not source.__dataclass_params__.frozen:
        raise ContractError(f"{name}: it is a frozen dataclass; write @dataclass(frozen=True, kw_only=True) above it")
    with tried(source):
        check_count(source)
        rebuilt = type(source)(**{key: value for key, value in source.described.items() if key != "kind"})
    if rebuilt != source:
        raise ContractError(f"{name}: it is a frozen dataclass, built again from its settings; {rebuilt} is another")
    for case, view in _views():
        with tried(source, f'on the view "{case}"'):
            with left_as_given(source, view=view):
                drawn = source.draw(view)
            seen = _drawn(source, drawn, view) or _alone(source, drawn, view)
        if seen:
            raise ContractError(f'{name}, on the view "{case}": {seen}')


def _alone(source: CandidateSource, drawn: Tensor, view: PoolView) -> str | None:
    for episode in range(len(view.exists)):
        own = source.draw(alone(view, episode))[0]
        if not own.sort().values.equal(drawn[episode].sort().values):
            return f"episode {episode} draws {own.tolist()} alone and {drawn[episode].tolist()} among others"
    return None


def _drawn(source: CandidateSource, drawn: Any, view: PoolView) -> str | None:
    shape = (len(view.exists), source.count)
    if not isinstance(drawn, Tensor) or tuple(drawn.shape) != shape or drawn.dtype != torch.int64:
        given = f"{tuple(drawn.shape)} of {drawn.dtype}" if isinstance(drawn, Tensor) else f"{drawn!r}"[:80]
        return f"draw gives positions {shape}, long; it gave {given}"
    for episode, row in enumerate(drawn.tolist()):
        real = [position for position in row if position >= 0]
        allowed = set((view.available | view.repeatable)[episode].nonzero()[:, 0].tolist())
        if len(set(real)) < len(real) or not allowed.issuperset(real):
            return f"candidates are distinct and available; episode {episode} has {row} of {sorted(allowed)}"
        if row[: len(real)] != real:
            return f"places without a candidate come last; episode {episode} has {row}"
    return None


def check_reward(reward: Reward) -> None:
    """Check a reward against the contract, on standings made up for it.

    It pays each episode (B,) finite float32 numbers, by its own standings alone, the same every time.

    Raises ContractError that names the broken promise and what was seen.

    >>> from alrl.envs.rewards import make_reward
    >>> check_reward(make_reward("gain"))
    """
    check_instance(reward, Reward)
    before, after = _standings()
    ways: tuple[tuple[str, _Way], ...]
    ways = (("paid", lambda first, last: (first, last)), ("settled", lambda _, last: (last,)))
    everyone = torch.ones_like(after.reached)
    with tried(reward):
        for what, given in ways:
            _pays(reward, what, given, (before, after), everyone)
        reaches(reward, after.score, after.full_score)


def _pays(reward: Reward, what: str, given: _Way, standings: tuple[Standing, Standing], everyone: Tensor) -> None:
    """Check one way of paying, ``paid`` or ``settled``, by the standings that it is ``given``."""
    name, (before, after) = type(reward).__name__, standings
    money = payment(reward, what, given(before, after), everyone)
    dtype = getattr(reward, what)(*given(before, after)).dtype
    if dtype != torch.float32:
        raise ContractError(f"{name}: {what} gives float32 numbers; it gave {dtype}; end it with .float()")
    if not payment(reward, what, given(before, after), everyone).equal(money):
        raise ContractError(f"{name}: {what} gives the same for the same standings; it did not")
    for episode in range(len(money)):
        alone = slice(episode, episode + 1)
        own = payment(reward, what, given(_one(before, episode), _one(after, episode)), everyone[alone])
        if not own.equal(money[alone]):
            raise ContractError(f"{name}: {what} pays an episode by its own standing alone; it gave {own}, {money}")


def _standings() -> tuple[Standing, Standing]:
    """Return standings of five episodes before and after a loop: an ordinary one, none bought, worse, reached, over."""
    before = Standing(
        score=torch.tensor([0.5, 0.6, 0.8, 0.9, 0.0]),
        spent=torch.tensor([3, 0, 5, 7, 9]),
        budget=torch.full((5,), 10),
        money=torch.tensor([3.0, 0.0, 5.0, 7.0, 9.0], dtype=torch.float64),
        full_score=torch.full((5,), 0.9),
        reached=torch.tensor([False, False, False, True, False]),
    )
    after = Standing(
        score=torch.tensor([0.7, 0.6, 0.75, 0.9, 1.0]),
        spent=torch.tensor([4, 0, 6, 8, 10]),
        budget=before.budget,
        money=torch.tensor([4.5, 0.5, 6.0, 8.25, 10.0], dtype=torch.float64),
        full_score=before.full_score,
        reached=torch.tensor([False, False, False, True, True]),
    )
    return before, after


def _one(standing: Standing, episode: int) -> Standing:
    return Standing(**{name: value[episode : episode + 1] for name, value in vars(standing).items()})
