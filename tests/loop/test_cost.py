"""The account: what it counts, what it multiplies, and what retraining and a warm start do to it."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError
from alrl.learners import Committee, MultilayerPerceptron, NearestCentroid, RidgeClassifier, SoftmaxRegression
from alrl.loop.cost import Cost, Prices, break_even_compression
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy

WINE = load_data_set("wine")
POOL = 89
PERCEPTRON = MultilayerPerceptron(hidden=(4,), epochs=5)


def played(learner, batches, prices=None, seeds=(0, 1)):
    """Simulator and rounds of querying by margin, so many labels in each round."""
    simulator = Simulator([draw_task(WINE, [seed]) for seed in seeds], learner, labels=80, prices=prices)
    margin = make_strategy("margin")
    return simulator, [simulator.step(margin.select(simulator.view, batch)) for batch in batches]


@pytest.mark.parametrize(
    ("label", "record", "rounds", "expected"),
    [(1.0, 0.5, 10, 0.6), (1.0, 0.01, 10, 0.0427), (2.0, 1.0, 10, 0.6), (1.0, 0.5, 1, 0.0), (1.0, 0.0, 10, 0.0)],
)
def test_break_even_compression_is_that_of_the_definition(label, record, rounds, expected):
    assert break_even_compression(label=label, record=record, rounds=rounds) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    "wrong", [{"label": -1.0}, {"record": -1.0}, {"rounds": 0}, {"label": 0.0, "record": 0.0}, {"label": math.inf}]
)
def test_a_break_even_of_no_prices_or_no_rounds_is_refused(wrong):
    with pytest.raises(InvalidRecipeError, match="prices are 0 or above, one of them above 0, and rounds at least 1"):
        break_even_compression(**{"label": 1.0, "record": 0.5, "rounds": 10, **wrong})


def test_break_even_is_where_a_played_loop_costs_what_labelling_at_once_does():
    # Ten rounds of eight labels, one epoch a fit; the first sample of three is trained on in every fit, and set aside.
    learner, prices = MultilayerPerceptron(hidden=(2,), epochs=1), Prices(label=1.0, record_epoch=0.5)
    simulator, rounds = played(learner, [8] * 10, prices)
    trained = sum(8 * (number + 1) for number in range(10))
    assert [sum(each.cost.record_epochs[0].item() for each in rounds) - 10 * 3] == [trained]
    in_rounds, at_once = 80 * 1.0 + trained * 0.5, 80 * (1.0 + 0.5)
    saved = break_even_compression(label=1.0, record=0.5, rounds=10)
    assert (1 - saved) * in_rounds == pytest.approx(at_once)
    assert simulator.cost.money[0].item() == pytest.approx(in_rounds + 3 * 1.0 + 0.5 * 11 * 3)


def test_training_from_scratch_grows_with_the_square_of_the_labels():
    _, rounds = played(PERCEPTRON, [1] * 40)
    # Five epochs of 3, 4, ... n labelled records: 5 (3 + 4 + ... + n).
    totals = [each.total.record_epochs.tolist() for each in rounds]
    expected = [5 * sum(range(3, 3 + loop + 2)) for loop in range(40)]
    assert totals == [[each, each] for each in expected]
    assert expected[-1] == 5 * (43 * 44 // 2 - 3)


def test_a_warm_start_saves_epochs_in_the_same_account():
    prices = Prices(label=0.0, record_epoch=1.0)
    scratch, warm = (played(SoftmaxRegression(warm_start=warm), [1] * 25, prices)[0].cost for warm in (False, True))
    assert torch.equal(scratch.labels, warm.labels)
    assert (warm.record_epochs < 0.7 * scratch.record_epochs).all()
    assert torch.equal(warm.money, warm.record_epochs)


@pytest.mark.parametrize(
    ("learner", "expected"),
    [
        (NearestCentroid(), sum(range(3, 9))),  # once over all labelled records, each time
        (RidgeClassifier(), 3 + 5),  # the system is updated by the new ones alone
        (Committee(members=3, diversity="initialisation", member=PERCEPTRON.name, settings={"epochs": 2}), 6 * 33),
    ],
    ids=["nearest-centroid", "ridge", "committee"],
)
def test_a_learner_counts_the_records_that_it_passes_over(learner, expected):
    simulator, _ = played(learner, [1] * 5)
    assert simulator.cost.record_epochs.tolist() == [expected] * 2


def test_the_total_is_the_first_sample_and_every_loop():
    prices = Prices(label=2.0, record_epoch=0.01, scored=0.001)
    simulator, rounds = played(NearestCentroid(), [4, 1, 7], prices)
    total = simulator.cost
    assert total.labels.tolist() == [15.0, 15.0]
    assert total.scored.tolist() == [4.0 * POOL] * 2
    assert total.record_epochs.tolist() == [3.0 + 7 + 8 + 15] * 2
    assert total.money.tolist() == pytest.approx([30 + 0.33 + 0.001 * 4 * POOL] * 2)
    assert rounds[-1].total.items.equal(total.items)
    parts = sum((each.cost for each in rounds), Cost.nothing(2))
    first = Cost(items=total.items - parts.items)
    assert (first.labels.tolist(), first.scored.tolist()) == ([3.0, 3.0], [POOL, POOL])
    assert sum(each.cost.seconds.sum().item() for each in rounds) <= sum(each.seconds for each in rounds)
    assert (total.seconds > 0).all()


def test_an_episode_that_stands_still_pays_nothing():
    simulator, _ = played(NearestCentroid(), [1], Prices(label=1.0, record_epoch=1.0, scored=1.0))
    before = simulator.cost
    picks = make_strategy("margin").select(simulator.view, 2)
    loop = simulator.step(picks, torch.tensor([True, False]))
    assert loop.cost.items[1].tolist() == [0.0] * 6
    assert loop.total.items[1].equal(before.items[1])
    assert loop.cost.money[0].item() == 2 + 6 + POOL


def test_an_episode_begun_anew_begins_its_account_anew():
    simulator, _ = played(NearestCentroid(), [1, 1])
    other = simulator.cost.items[1].clone()
    simulator.restart([0], [draw_task(load_data_set("breast_cancer"), [9])])
    assert simulator.cost.labels[0].item() == 2
    assert simulator.cost.scored[0].item() == len(simulator.tasks[0].split.pool)
    assert simulator.cost.items[1].equal(other)
    loop = simulator.step(torch.tensor([[250], [-1]]))
    assert loop.cost.label_money.tolist() == [1.0, 0.0]


def test_records_differ_in_price_about_the_price_that_is_given():
    prices = Prices(label=3.0, spread=0.5).of_records((4,), 40_000)
    assert prices.mean().item() == pytest.approx(3.0, rel=0.01)
    assert (prices / 3).log().std().item() == pytest.approx(0.5, rel=0.01)
    assert prices.equal(Prices(label=3.0, spread=0.5).of_records((4,), 40_000))
    assert not prices.equal(Prices(label=3.0, spread=0.5).of_records((5,), 40_000))


def test_a_record_costs_its_own_price_in_every_company():
    prices = Prices(spread=1.0)
    together, _ = played(NearestCentroid(), [], prices, seeds=(0, 1))
    alone, _ = played(NearestCentroid(), [], prices, seeds=(1,))
    expected = prices.of_records((1,), POOL)
    pick = torch.tensor([[int(position)] for position in (60, 61)])
    assert not together.view.labelled.gather(1, pick).any()
    paid = together.step(pick).cost.label_money[1]
    assert paid == alone.step(pick[1:]).cost.label_money[0] == expected[61]


@settings(max_examples=15, deadline=None)
@given(
    batches=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    label=st.floats(0, 100),
    epoch=st.floats(0, 1),
    scored=st.floats(0, 1),
)
def test_money_is_what_was_counted_times_its_price(batches, label, epoch, scored):
    simulator, _ = played(NearestCentroid(), batches, Prices(label=label, record_epoch=epoch, scored=scored))
    cost = simulator.cost
    assert cost.labels.tolist() == [3.0 + sum(batches)] * 2
    expected = label * cost.labels + epoch * cost.record_epochs + scored * cost.scored
    torch.testing.assert_close(cost.money, expected)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Prices)])
@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan])
def test_prices_that_are_none_are_refused(name, value):
    with pytest.raises(InvalidRecipeError, match=rf"prices: {name} = .* given; allowed is 0 or any number above"):
        Prices(**{name: value})


@pytest.mark.parametrize("label", ["0.8", None, True, -1.0, float("nan")])
def test_a_price_is_a_number_from_0_on(label):
    with pytest.raises(InvalidRecipeError, match=r"prices: label = .* given; allowed is 0 or any number above"):
        Prices(label=label)
