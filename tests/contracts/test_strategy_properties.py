"""What holds of every registered strategy, on whatever view: sizes, seeds, orders and degenerate data are drawn."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.strategies import make_strategy, strategies
from alrl.testing import example_view
from alrl.testing.learning_checks import learns_in_each_episode_alone
from alrl.testing.rearrange import alone, classes_permuted, records_permuted, tensors

CASES = ("ordinary", "duplicates", "certain", "even", "one class", "ties")
"""As of example_view, and probabilities in quarters: often zero, often as much of several classes."""
LEARNING = [name for name in strategies() if make_strategy(name).learns]
BY_FIRST_CLASS = {
    "badge": "its gradient is that of one class, by the paper the first of the likeliest; the mean over several equally"
    " likely ones would be zero where the learner knows least",
}
"""Strategies to which the order of equally likely classes matters, each with the reason; ties are not drawn there."""

every_strategy = pytest.mark.parametrize("name", strategies())
few = settings(max_examples=5, derandomize=True)


@st.composite
def views(draw, cases=CASES):
    """Up to three episodes of at most 14 records, some or all of them labelled, a batch perhaps begun."""
    records = draw(st.lists(st.integers(1, 14), min_size=1, max_size=3))
    view = example_view(
        seed=draw(st.integers(0, 10_000)),
        records=records,
        features=draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)),
        classes=draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)),
        labelled=[draw(st.integers(0, size)) for size in records],
        case="ordinary" if (case := draw(st.sampled_from(cases))) == "ties" else case,
        padding=draw(st.integers(0, 2)),
    )
    if case == "ties":
        view = in_quarters(view)
    if draw(st.booleans()):
        some = view.available
        view = view.with_selected(torch.where(some.any(1), some.to(torch.uint8).argmax(1), -1))
    return view


def in_quarters(view):
    """The view with four draws from each distribution in its place."""

    def drawn(p):
        rows = p.reshape(-1, p.shape[-1])
        real = rows.sum(-1, keepdim=True) > 0
        random = torch.Generator().manual_seed(0)
        classes = torch.multinomial(torch.where(real, rows, 1.0), 4, replacement=True, generator=random)
        return (torch.zeros_like(rows).scatter_add(1, classes, torch.full(classes.shape, 0.25)) * real).view(p.shape)

    past = tuple(map(drawn, view.trajectory.probabilities))
    trajectory = dataclasses.replace(view.trajectory, probabilities=past)
    return dataclasses.replace(view, probabilities=past[-1], trajectory=trajectory, members=drawn(view.members))


def orders(mask, seed):
    """For each row a random order of the places that the mask marks, which come first; the others stay."""
    key = torch.rand(mask.shape, generator=torch.Generator().manual_seed(seed))
    place = 2.0 + torch.arange(mask.shape[1]).expand_as(mask)
    return torch.where(mask, key, place).argsort(1)


def assert_same(score, expected, where):
    torch.testing.assert_close(score[where], expected[where], rtol=1e-4, atol=1e-5)


counts = st.integers(1, 5)
seeds = st.integers(0, 10_000)


@every_strategy
@few
@given(view=views(), count=counts, seed=seeds)
def test_the_order_of_the_records_does_not_matter(name, view, count, seed):
    strategy, order = make_strategy(name), orders(view.exists, seed)
    moved = records_permuted(view, order)
    picks = strategy.select(moved, count)
    assert order.gather(1, picks.clamp_min(0)).where(picks >= 0, picks).equal(strategy.select(view, count))
    assert_same(strategy.score(moved), strategy.score(view).gather(1, order), moved.available)


@every_strategy
@few
@given(data=st.data(), count=counts, seed=seeds)
def test_the_order_of_the_classes_does_not_matter(name, data, count, seed):
    view = data.draw(views(cases=[case for case in CASES if case != "ties" or name not in BY_FIRST_CLASS]))
    strategy = make_strategy(name)
    moved = classes_permuted(view, orders(view.class_mask, seed))
    assert strategy.select(moved, count).equal(strategy.select(view, count))
    assert_same(strategy.score(moved), strategy.score(view), view.available)


@every_strategy
@few
@given(view=views(), count=counts)
def test_an_episode_alone_gives_what_it_gives_among_others(name, view, count):
    strategy = make_strategy(name)
    picks, score = strategy.select(view, count), strategy.score(view)
    for episode in range(len(score)):
        single = alone(view, episode)
        assert strategy.select(single, count)[0].equal(picks[episode])
        width = single.exists.shape[1]
        assert_same(strategy.score(single)[0], score[episode, :width], single.available[0])


@every_strategy
@few
@given(view=views(cases=("duplicates",)), count=counts, seed=seeds)
def test_among_equal_records_the_noise_alone_decides(name, view, count, seed):
    strategy, order = make_strategy(name), orders(view.available, seed)
    order = _fixing_the_rest(order, view.available)
    moved = dataclasses.replace(view, noise=view.noise.gather(1, order))
    picks = strategy.select(moved, count)
    assert order.gather(1, picks.clamp_min(0)).where(picks >= 0, picks).equal(strategy.select(view, count))


def _fixing_the_rest(order, mask):
    """The available places of each row in the order given, all other places left where they are."""
    fixed = torch.arange(mask.shape[1]).repeat(len(mask), 1)
    for row in range(len(mask)):
        fixed[row, mask[row]] = order[row, : int(mask[row].sum())]
    return fixed


@every_strategy
@few
@given(view=views(), count=counts)
def test_the_first_of_a_batch_has_the_highest_score(name, view, count):
    strategy = make_strategy(name)
    score = strategy.score(view).masked_fill(~view.available, -torch.inf)
    single = strategy.select(view, 1)
    some = view.available.any(1)
    assert score.gather(1, single.clamp_min(0))[some, 0].equal(score.amax(1)[some])
    picks = strategy.select(view, count)
    if strategy.ordered:
        assert picks[:, :1].equal(single)
    if strategy.batch == "highest scores":
        picks = picks[:, : score.shape[1]]
        queried = score.gather(1, picks.clamp_min(0)).masked_fill(picks < 0, -torch.inf)
        assert queried.equal(score.sort(1, descending=True).values[:, : picks.shape[1]])


@every_strategy
@few
@given(view=views(), count=st.integers(1, 20))
def test_a_batch_is_of_distinct_records_and_takes_the_pool_where_it_is_larger(name, view, count):
    picks = make_strategy(name).select(view, count)
    assert picks.shape == (len(view.exists), count)
    for row, available in zip(picks.tolist(), view.available, strict=True):
        left = available.nonzero()[:, 0].tolist()
        taken = min(count, len(left))
        assert len(set(row[:taken])) == taken
        assert set(row[:taken]) <= set(left)
        assert row[taken:] == [-1] * (count - taken)


@every_strategy
@few
@given(view=views(cases=CASES[1:]))
def test_scores_are_finite_on_degenerate_data(name, view):
    score = make_strategy(name).score(view)
    assert score.is_floating_point()
    assert score[view.available].isfinite().all()


@every_strategy
@few
@given(view=views(), count=counts)
def test_what_it_is_given_stays_as_it_is_and_gives_the_same_again(name, view, count):
    strategy, before = make_strategy(name), {key: value.clone() for key, value in tensors(view).items()}
    picks, score = strategy.select(view, count), strategy.score(view)
    assert all(value.equal(before[key]) for key, value in tensors(view).items())
    assert strategy.select(view, count).equal(picks)
    assert strategy.score(view)[view.available].equal(score[view.available])


@pytest.mark.parametrize("name", LEARNING)
@few
@given(view=views())
def test_what_learns_learns_in_each_episode_as_if_it_were_alone(name, view):
    assert learns_in_each_episode_alone(make_strategy(name), view) is None
