from __future__ import annotations

import pytest
import torch

from alrl.data.synthetic import synthetic
from alrl.data.task import draw_task
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.testing.rearrange import alone


def at(view_of, *, labelled, spent, loops, budget=10):
    return view_of(
        features=[0.0] * 30, labelled=range(labelled), labels=[0] * labelled, spent=spent, loops=loops, budget=budget
    )


def test_the_first_fit_is_one_of_many(view_of, features_of):
    seen = features_of(at(view_of, labelled=2, spent=0, loops=0))
    # Fits to 2, 3, ... 12 records: 77 in all.
    assert seen["training-spent"] == pytest.approx(2 / 77)
    assert seen["retraining-share"] == 0
    assert seen["labels-a-loop"] == 0
    assert seen["fits"] == pytest.approx(1 / 51, abs=1e-6)


def test_retraining_grows_with_the_square_of_the_loops(view_of, features_of):
    one = features_of(at(view_of, labelled=6, spent=4, loops=4))
    # Fits to 2, 3, 4, 5 and 6 records of which 6 are different.
    assert one["training-spent"] == pytest.approx(20 / 77)
    assert one["retraining-share"] == pytest.approx(14 / 20)
    assert one["labels-a-loop"] == pytest.approx(1 / 11)
    batch = features_of(at(view_of, labelled=6, spent=4, loops=1))
    # Fits to 2 and 6 records; four labels a round make the budget three and a half fits.
    assert batch["training-spent"] == pytest.approx(8 / 24.5)
    assert batch["retraining-share"] == pytest.approx(2 / 8)
    assert batch["labels-a-loop"] == pytest.approx(4 / 14)


def test_the_whole_budget_is_all(view_of, features_of):
    assert features_of(at(view_of, labelled=12, spent=10, loops=10))["training-spent"] == 1
    assert features_of(at(view_of, labelled=12, spent=10, loops=5))["training-spent"] == 1


def test_in_a_simulator_fits_are_counted_whatever_their_batches_and_restarts(features_of):
    tasks = [draw_task(synthetic("tiny", 0), [seed], first={"kind": "random", "size": 5}) for seed in (0, 1, 2)]
    simulator = Simulator(tasks[:2], SoftmaxRegression(), labels=30)
    chance = make_strategy("random")
    simulator.step(chance.select(simulator.view, 3))
    simulator.restart([1], tasks[2:], charged=True)
    simulator.step(chance.select(simulator.view, 2), torch.tensor([False, True]))
    simulator.step(chance.select(simulator.view, 1))
    plain, again = (features_of(alone(simulator.view, episode)) for episode in (0, 1))
    # Fits to 5, 8 and 9 records: 4 labels in two rounds, so that 26 take 13 more, to 11, 13, ... 35 records.
    assert plain["training-spent"] == pytest.approx(22 / (22 + sum(range(11, 36, 2))))
    assert plain["retraining-share"] == pytest.approx(1 - 9 / 22)
    assert plain["labels-a-loop"] == pytest.approx(2 / 12)
    assert plain["fits"] == pytest.approx(3 / 53)
    # Fits to 5 and 8, then begun again with 5, 7 and 8: 16 labels there have been, of which 11 count as spent.
    assert simulator.view.spent.tolist() == [4, 11]
    assert again["retraining-share"] == pytest.approx(1 - 16 / 33)
    assert again["fits"] == pytest.approx(5 / 55)
    assert again["labels-a-loop"] == pytest.approx((11 / 4) / (11 / 4 + 10))
    # 19 labels at 11/4 a loop: so many more loops, the first of them a fit to 8 + 11/4 records.
    ahead = 19 / (11 / 4)
    assert again["training-spent"] == pytest.approx(33 / (33 + ahead * (8 + 11 / 8 * (ahead + 1))))


def test_a_new_episode_counts_anew():
    first, second = (draw_task(synthetic("tiny", 0), [seed]) for seed in (0, 1))
    simulator = Simulator([first], SoftmaxRegression(), labels=30)
    simulator.step(make_strategy("random").select(simulator.view, 3))
    before = simulator.view
    simulator.restart([0], [second])
    count = len(second.first)
    assert [int(each) for each in (simulator.view.fits, simulator.view.trained, simulator.view.obtained)] == [
        1,
        count,
        count,
    ]
    # The view of before is as it was.
    assert int(before.fits) == 2
    assert int(before.obtained) == len(first.first) + 3


def test_without_labels_nothing_was_spent(view_of, features_of):
    seen = features_of(at(view_of, labelled=0, spent=0, loops=0))
    assert [seen[name] for name in ("training-spent", "retraining-share", "labels-a-loop", "fits")] == [0] * 4
