"""Strategies that refit the learner for every label that a record may have: against the same, refitted one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from alrl.data.synthetic import synthetic
from alrl.data.task import draw_task
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.learners import SoftmaxRegression
from alrl.loop import pool_view
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.expected_change import ExpectedErrorReduction, ExpectedOutputChange
from alrl.strategies.wrappers.subsampled import Subsampled
from alrl.testing.example_view import example_view

BOTH = ["expected-error-reduction", "expected-output-change"]


def said_with(view, record, label):
    """What the example learner says of all records of one episode once a record has a label, written out anew."""
    X = view.features[0].double().numpy()
    labels = {int(each): int(y) for each, y in zip(view.labelled_index[0], view.labels[0], strict=True)}
    if record is not None:
        labels[record] = label
    apart = np.full((len(X), view.class_mask.shape[1]), np.inf)
    for c in set(labels.values()):
        centre = X[[each for each, y in labels.items() if y == c]].mean(0)
        apart[:, c] = ((X - centre) ** 2).sum(1)
    chance = np.exp(apart.min(1, keepdims=True) - apart)
    return chance / chance.sum(1, keepdims=True)


def one_by_one(view, value, *, itself):
    """Expected ``value`` of every available record, in the way of the papers' pseudo-code."""
    free = view.available[0].nonzero()[:, 0].tolist()
    p = view.probabilities[0].double().numpy()
    result = np.full(len(p), np.nan)
    for record in free:
        rest = [each for each in free if itself or each != record]
        result[record] = sum(
            p[record, label] * value(said_with(view, record, label)[rest], rest).mean()
            for label in range(view.class_mask.shape[1])
        )
    return result


def view_of(seed):
    return example_view(seed=seed, records=(12,), classes=(2 + seed % 3,), labelled=(5,))


@pytest.mark.parametrize("seed", range(6))
def test_expected_error_reduction_is_what_refitting_one_by_one_gives(seed):
    view = view_of(seed)
    free = view.available[0].numpy()
    losses = {
        "log": lambda p, _: -(p * np.log(np.maximum(p, 1e-300))).sum(1),
        "zero-one": lambda p, _: 1 - p.max(1),
    }
    for loss, value in losses.items():
        score = ExpectedErrorReduction(loss=loss).score(view)[0].numpy()
        np.testing.assert_allclose(score[free], -one_by_one(view, value, itself=False)[free], atol=1e-5)
    assert ExpectedErrorReduction().select(view)[0, 0] == np.argmax(
        np.where(free, ExpectedErrorReduction().score(view)[0].numpy(), -np.inf)
    )


@pytest.mark.parametrize("seed", range(6))
def test_expected_output_change_is_what_refitting_one_by_one_gives(seed):
    view = view_of(seed)
    free, now = view.available[0].numpy(), view.probabilities[0].double().numpy()
    expected = one_by_one(view, lambda p, rest: np.abs(p - now[rest]).sum(1), itself=True)
    np.testing.assert_allclose(ExpectedOutputChange().score(view)[0].numpy()[free], expected[free], atol=1e-5)


def test_a_label_that_is_certain_changes_nothing_where_it_is_what_the_learner_says():
    # Two classes at -1 and 1, the learner sure of all: a third record of the left class at -1 moves no centre.
    view = example_view(records=(4,), features=(1,), classes=(2,), labelled=(2,))
    X = torch.tensor([[[-9.0], [9.0], [-9.0], [-7.0]]])
    kept = torch.tensor([[True, True, False, False]])
    index, labels = torch.tensor([[0, 1]]), torch.tensor([[0, 1]])
    sure = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]])
    view = dataclasses.replace(view, features=X, labelled=kept, labelled_index=index, labels=labels, probabilities=sure)
    assert ExpectedOutputChange().score(view)[0, 2:].tolist() == pytest.approx([0, 0], abs=1e-6)
    # The record left out of its own error is the only one: the other is as sure as can be.
    assert ExpectedErrorReduction().score(view)[0, 2:].tolist() == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize("name", BOTH)
def test_blocks_of_refits_give_the_same(monkeypatch, name):
    view = example_view(seed=3)
    whole = make_strategy(name).score(view)
    monkeypatch.setattr(pool_view, "AT_ONCE", 1)
    torch.testing.assert_close(make_strategy(name).score(view), whole)


@pytest.mark.parametrize("name", BOTH)
def test_of_a_larger_pool_so_many_are_tried_and_the_rest_come_last(name):
    view = example_view(seed=1, records=(30,), labelled=(4,))
    score = make_strategy(name, candidates=6, evaluated=10).score(view)[0]
    lowest = score.min()
    inside = score > lowest + 0.5
    assert inside.sum() == 6
    assert (inside & ~view.available[0]).sum() == 0
    assert score[inside].min() == pytest.approx(lowest.item() + 1, abs=1e-5)
    picks = make_strategy(name, candidates=6, evaluated=10).select(view, 8)[0]
    assert inside[picks[:6]].all()
    assert not inside[picks[6:]].any()
    other = dataclasses.replace(view, noise=example_view(seed=2, records=(30,)).noise)
    assert not (make_strategy(name, candidates=6, evaluated=10).score(other)[0] > lowest + 0.5).equal(inside)


@pytest.mark.parametrize("name", BOTH)
def test_they_play_with_a_learner_of_the_loop_and_leave_it_as_it_was(name):
    tasks = [draw_task(synthetic("mixed", seed), [seed]) for seed in range(2)]
    simulator = Simulator(tasks, SoftmaxRegression(), labels=5)
    strategy = make_strategy(name, candidates=5, evaluated=20)
    simulator.provide(strategy.needs)
    before = simulator.view.probabilities.clone()
    picks = strategy.select(simulator.view, 2)
    assert simulator.learner.predict_proba(simulator.view.features).float().allclose(before, atol=1e-6)
    assert len(set(picks[0].tolist())) == 2
    shortened = make_strategy(name, candidates=5, evaluated=20, iterations=200).score(simulator.view)
    torch.testing.assert_close(shortened, strategy.score(simulator.view), atol=5e-3, rtol=0)
    # A sample that holds every record is the pool.
    Subsampled(base=strategy, records=10_000).select(simulator.view)


def test_softmax_regression_is_refitted_as_a_fit_of_its_own_would():
    simulator = Simulator([draw_task(synthetic("mixed", 0), [0])], SoftmaxRegression(), labels=5)
    simulator.provide(["refits"])
    view = simulator.view
    free = view.available[0].nonzero()[:3, 0]
    given = view.refits.probabilities(view, free[None], free[None])
    for column, record in enumerate(free.tolist()):
        for label in range(int(view.class_count)):
            alone = SoftmaxRegression()
            index = torch.cat([view.labelled_index[0], torch.tensor([record])])
            y = torch.cat([view.labels[0], torch.tensor([label])])
            alone.fit(view.features[:, index], y[None], torch.ones(1, len(y)), view.class_mask)
            expected = alone.predict_proba(view.features[:, free])[0]
            torch.testing.assert_close(given[0, column, label], expected, atol=2e-3, rtol=0)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("setting", ["candidates", "evaluated", "iterations"])
def test_a_setting_below_one_is_refused(name, setting):
    with pytest.raises(InvalidRecipeError, match=rf"{name}: {setting} = 0 given; give at least 1"):
        make_strategy(name, **{setting: 0})


def test_an_unknown_loss_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"loss = 'hinge' given; allowed: log, zero-one"):
        ExpectedErrorReduction(loss="hinge")


@pytest.mark.parametrize("name", BOTH)
def test_without_a_learner_it_says_how_to_get_one(name):
    view = dataclasses.replace(example_view(), refits=None)
    with pytest.raises(InvalidQueryError, match=rf'{name} needs a learner to refit.*provide\(\["refits"\]\)'):
        make_strategy(name).select(view)
