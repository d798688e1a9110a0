"""Neither the order of the episodes, nor how many there are, nor the processes that play them change a result."""

from __future__ import annotations

import numpy as np
import pytest

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError
from alrl.evaluation.simulate import simulate
from alrl.learners import make_learner
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.play import play

NAMES = ("iris", "wine", "breast_cancer", "synthetic/tiny-1", "wine")


def played(numbers, labels=8, learner="softmax-regression", strategy="margin"):
    tasks = [draw_task(load_data_set(NAMES[number]), [number, 3]) for number in numbers]
    simulator = Simulator(tasks, make_learner(learner), labels=labels)
    result = play(simulator, make_strategy(strategy), labels=labels)
    return simulator.view, result


@pytest.mark.parametrize("learner", ["softmax-regression", "scikit-learn"])
@pytest.mark.parametrize("strategy", ["margin", "core-set"])
def test_an_episode_is_the_same_in_any_order_and_any_company(learner, strategy):
    order = [3, 0, 4, 2, 1]
    view, together = played([0, 1, 2, 3, 4], learner=learner, strategy=strategy)
    moved_view, moved = played(order, learner=learner, strategy=strategy)
    for place, number in enumerate(order):
        alone_view, alone = played([number], learner=learner, strategy=strategy)
        assert moved.picks[place].equal(together.picks[number])
        assert alone.picks[0].equal(together.picks[number])
        assert moved.accuracy[place].equal(together.accuracy[number])
        assert alone.accuracy[0].equal(together.accuracy[number])
        N, k = alone_view.probabilities.shape[1:]
        expected = alone_view.probabilities[0]
        for other, at in ((view, number), (moved_view, place)):
            assert (other.probabilities[at, :N, :k] - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("workers", [2, 3, 9])
def test_workers_change_nothing(workers):
    given = []
    here = simulate("wine", "margin", labels=6, seeds=[4, 0, 9, 2])
    there = simulate("wine", "margin", labels=6, seeds=[4, 0, 9, 2], workers=workers, progress=given.append)
    assert there.seeds == here.seeds
    for name in ("accuracy", "balanced_accuracy", "picks", "first"):
        assert np.array_equal(getattr(there, name), getattr(here, name)), name
    assert sum(given) == 6


@pytest.mark.parametrize("workers", [0, -1])
def test_a_number_of_workers_below_one_is_refused(workers):
    with pytest.raises(InvalidRecipeError, match=rf"workers = {workers} given; it must be at least 1"):
        simulate("iris", "margin", labels=2, seeds=2, workers=workers)


def test_a_policy_plays_the_same_in_other_processes():
    here, there = (simulate("iris", "general", labels=4, seeds=3, workers=workers) for workers in (1, 2))
    assert np.array_equal(here.picks, there.picks)
