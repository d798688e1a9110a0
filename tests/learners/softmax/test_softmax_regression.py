"""A batched softmax regression treats each of its episodes as if it were alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.errors import InvalidRecipeError
from alrl.learners import SoftmaxRegression
from alrl.testing.example_records import example
from tests.learners.reference import stack, standardised

CLOSE = 1e-5


def digits(*sizes, seeds=None):
    """Episodes of as many labelled records as ``sizes`` say."""
    parts = []
    for seed, n in zip(seeds or range(len(sizes)), sizes, strict=True):
        X, y, others = standardised("digits", seed)
        parts.append((X[:n], y[:n], None, 10, others[:40]))
    return stack(parts)


def gap(a, b):
    return (a - b).abs().max().item()


def fitted(learner, made):
    made.fit(learner)
    return made.predict(learner)


sizes = st.lists(st.tuples(st.integers(5, 30), st.integers(2, 30), st.integers(2, 5)), min_size=2, max_size=4).map(
    tuple
)


@settings(max_examples=12)
@given(sizes=sizes, seed=st.integers(0, 10_000))
def test_an_episode_alone_is_what_it_is_among_others(sizes, seed):
    made = example(seed, sizes)
    tight = SoftmaxRegression(tolerance=1e-6, double=True)
    together = fitted(tight.fresh(), made)
    for episode in range(len(sizes)):
        alone = fitted(tight.fresh(), made.alone(episode))[0]
        assert gap(alone, together[episode, :, : alone.shape[1]]) < CLOSE


@pytest.mark.parametrize("steps", [(10, 11, 12, 30, 31), (60, 61, 140, 141)])
def test_company_changes_nothing_along_a_growing_labelled_set(steps):
    together, alone = SoftmaxRegression(), SoftmaxRegression()
    for n in steps:
        made = digits(n, n + 7, n // 2, n)
        assert gap(fitted(together, made)[0], fitted(alone, made.take([0]))[0]) < CLOSE


def test_episodes_may_stand_in_any_order():
    made, order = digits(40, 20, 30, 10), [2, 0, 3, 1]
    assert gap(fitted(SoftmaxRegression(), made)[order], fitted(SoftmaxRegression(), made.take(order))) < CLOSE


def test_a_warm_start_ends_where_scratch_does_and_sooner():
    warm, scratch = SoftmaxRegression(), SoftmaxRegression(warm_start=False)
    for n in (20, 21, 22):
        made = digits(n, n)
        one, other = made.fit(warm), made.fit(scratch)
        assert gap(made.predict(warm), made.predict(scratch)) < 1e-3
    assert one.iterations.sum() < other.iterations.sum()
    assert not made.fit(warm).iterations.any()
    assert made.fit(scratch).iterations.all()


def test_other_records_in_the_place_of_the_old_ones_are_fitted_as_new():
    learner = SoftmaxRegression()
    fitted(learner, digits(20, 20))
    made = digits(20, 12, seeds=(5, 6))
    assert gap(fitted(learner, made), fitted(SoftmaxRegression(), made)) < CLOSE


def test_a_restarted_episode_is_a_fresh_one_and_the_rest_go_on():
    learner, kept = SoftmaxRegression(), SoftmaxRegression()
    for each in (learner, kept):
        digits(20, 30).fit(each)
    learner.restart(torch.tensor([True, False]))
    made = digits(20, 30)
    report = made.fit(learner)
    assert report.iterations.tolist() == [made.fit(SoftmaxRegression()).iterations[0], 0]
    assert gap(made.predict(learner)[0], fitted(SoftmaxRegression(), made)[0]) < CLOSE
    assert gap(made.predict(learner)[1], made.predict(kept)[1]) < CLOSE


def test_copies_go_on_where_the_original_is_and_leave_it_alone():
    learner, made = SoftmaxRegression(), digits(20, 30)
    before = fitted(learner, made).clone()
    branches = learner.take(torch.tensor([1, 1, 0]))
    assert gap(made.take([1, 1, 0]).predict(branches), before[[1, 1, 0]]) < CLOSE
    other = digits(21, 21, 21, seeds=(1, 1, 0))
    other.fit(branches)
    assert gap(made.predict(learner), before) < CLOSE
    assert not made.fit(learner).iterations.any()


def test_branches_are_predicted_without_copies_of_the_records():
    learner, made = SoftmaxRegression(), digits(20, 30)
    made.fit(learner)
    branches = learner.take(torch.tensor([0, 0, 0, 1, 1, 1]))
    digits(21, 22, 23, 31, 32, 33, seeds=(0, 0, 0, 1, 1, 1)).fit(branches)
    given = branches.predict_branches(made.others, 3)
    assert given.shape == (2, 3, 40, 10)
    repeated = branches.predict_proba(made.others.repeat_interleave(3, 0)).unflatten(0, (2, 3))
    assert gap(given, repeated) < 1e-6
    assert gap(given[0, 0], given[0, 2]) > 1e-3


def test_a_hurried_copy_stops_early_and_leaves_the_original_as_it_is():
    learner, made = SoftmaxRegression(), digits(20, 30)
    before = fitted(learner, made).clone()
    shortened = learner.with_max_iterations(2)
    more = digits(40, 50)
    assert more.fit(shortened).iterations.tolist() == [2, 2]
    assert gap(made.predict(learner), before) < CLOSE
    assert more.fit(learner).converged.all()
    assert more.fit(learner.with_max_iterations(500).fresh()).converged.all()


def test_new_features_and_classes_find_room_in_the_middle_of_a_loop():
    learner, made = SoftmaxRegression(), example(3, ((12, 4, 3), (10, 20, 2)))
    before = fitted(learner, made)
    wider = made.padded(0, 3, 2)
    assert not wider.fit(learner).iterations.any()
    assert gap(wider.predict(learner)[..., :3], before) < 1e-6


@pytest.mark.parametrize("settings", [{"C": 0.0}, {"C": -1.0}, {"C": float("nan")}, {"tolerance": 0.0}])
def test_numbers_that_are_not_above_zero_are_refused(settings):
    name = next(iter(settings))
    with pytest.raises(InvalidRecipeError, match=rf"{name} = .* given; allowed is any number above 0"):
        SoftmaxRegression(**settings)


def test_no_iteration_at_all_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"max_iterations = 0 given; give at least 1"):
        SoftmaxRegression(max_iterations=0)
    with pytest.raises(InvalidRecipeError, match=r"a maximum of 0 iterations given; a fit takes at least 1"):
        SoftmaxRegression().with_max_iterations(0)


def test_prediction_before_the_first_fit_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"not fitted yet; call fit first"):
        SoftmaxRegression().predict_proba(torch.zeros(1, 2, 3))
