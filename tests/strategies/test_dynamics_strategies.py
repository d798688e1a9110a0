"""Strategies that watch how the learner moves from round to round."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from alrl.data.synthetic import synthetic
from alrl.data.task import draw_task
from alrl.errors import InvalidQueryError
from alrl.learners import MultilayerPerceptron, SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.training_dynamics import DataMapVariability, OutputDiscrepancy, PredictionFlips
from alrl.testing.example_view import example_view


def remembering(past, *, remembered=None, flips=None, loops=None):
    """One episode of records whose first class had these probabilities in each round: ``past`` (T, N)."""
    view = example_view(records=(len(past[0]),), classes=(2,), labelled=(0,))
    chances = tuple(torch.tensor([[[p, 1 - p] for p in row]]) for row in past)
    lived = torch.tensor([[each] for each in remembered or [True] * len(past)])
    trajectory = dataclasses.replace(view.trajectory, probabilities=chances, remembered=lived)
    if flips is not None:
        trajectory = dataclasses.replace(trajectory, flips=torch.tensor([flips]), loops=torch.tensor([loops]))
    return dataclasses.replace(view, probabilities=chances[-1], trajectory=trajectory)


@pytest.mark.parametrize(
    ("past", "expected"), [([0.2, 0.6, 0.4, 0.8], 0.2236068), ([0.2, 0.6, 1.0], 0.3265986), ([0.7], 0.0)]
)
def test_known_deviations_of_the_predicted_class(past, expected):
    view = remembering([[p] for p in past])
    assert DataMapVariability().score(view)[0].tolist() == pytest.approx([expected], abs=1e-6)


def test_the_class_is_the_one_predicted_now():
    # The second class is predicted now, at .7 and before that at .2: half the gap.
    view = remembering([[0.8, 0.9], [0.3, 0.8]])
    assert DataMapVariability().score(view)[0].tolist() == pytest.approx([0.25, 0.05], abs=1e-6)


def test_of_equally_likely_classes_the_mean_counts():
    view = remembering([[0.9, 0.9], [0.5, 0.8]])
    assert DataMapVariability().score(view)[0].tolist() == pytest.approx([0.2, 0.05], abs=1e-6)
    # ln .5 - ln .9 of the one, ln .5 - ln .1 of the other.
    expected = [(math.log(0.9 / 0.5) + math.log(0.5 / 0.1)) / 2, math.log(0.9 / 0.8)]
    assert make_strategy("loss-change").score(view)[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_loops_that_the_episode_has_not_lived_through_do_not_count():
    view = remembering([[0.0], [0.6], [0.8]], remembered=[False, True, True])
    assert DataMapVariability().score(view)[0].tolist() == pytest.approx([0.1], abs=1e-6)


def test_flips_are_counted_as_a_share_of_the_loops():
    view = remembering([[0.6, 0.6, 0.6]], flips=[0.0, 3.0, 1.0], loops=4.0)
    assert PredictionFlips().score(view).tolist() == [[0, 0.75, 0.25]]
    assert PredictionFlips().select(view, 3).tolist() == [[1, 2, 0]]
    fresh = remembering([[0.6, 0.6]], flips=[0.0, 0.0], loops=0.0)
    assert PredictionFlips().score(fresh).tolist() == [[0, 0]]


def test_output_discrepancy_is_the_distance_between_two_loops():
    view = remembering([[0.0, 0.9], [0.5, 0.5], [0.8, 0.5]])
    assert OutputDiscrepancy().score(view)[0].tolist() == pytest.approx([0.3 * 2**0.5, 0], abs=1e-6)


@pytest.mark.parametrize("view", [remembering([[0.4]]), remembering([[0.0], [0.4]], remembered=[False, True])])
def test_in_the_first_loop_nothing_has_moved(view):
    assert OutputDiscrepancy().score(view).tolist() == [[0]]


def test_loss_change_is_of_the_class_that_is_predicted_now(view_of):
    view = view_of(probabilities=[[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]])
    before = torch.tensor([[[0.6, 0.4], [0.5, 0.5], [0.0, 1.0]]])
    past = dataclasses.replace(view.trajectory, probabilities=(before, view.probabilities), remembered=_lived(True))
    score = make_strategy("loss-change").score(dataclasses.replace(view, trajectory=past))
    # ln .8 - ln .4; nothing; and from the floor of 1e-7 to certainty.
    assert score[0].tolist() == pytest.approx([0.6931472, 0.0, 16.118096], abs=1e-5)
    unlived = dataclasses.replace(past, remembered=_lived(False))
    assert make_strategy("loss-change").score(dataclasses.replace(view, trajectory=unlived)).tolist() == [[0, 0, 0]]


def test_activation_change_is_the_way_that_the_embedding_went(view_of):
    view = view_of(embedding=[[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]])
    view = dataclasses.replace(view, earlier_embedding=torch.tensor([[[1.0, 2.0], [3.0, 4.0], [3.0, 3.0]]]))
    assert make_strategy("activation-change").score(view).tolist() == [[0, 5, 1]]


def test_activation_change_without_the_loop_before_says_how_to_ask_for_it(view_of):
    view = dataclasses.replace(view_of(embedding=[[1.0], [0.0]]), earlier_embedding=None)
    with pytest.raises(InvalidQueryError, match=r'provide\(\["earlier-embedding"\]\)'):
        make_strategy("activation-change").select(view)


def test_in_a_network_activations_move_and_in_softmax_regression_they_do_not():
    data = synthetic("mixed", 0)
    moved = {}
    for learner in (MultilayerPerceptron(hidden=(8,), epochs=5), SoftmaxRegression()):
        simulator = Simulator([draw_task(data, [0])], learner, labels=4)
        strategy = make_strategy("activation-change")
        simulator.provide(strategy.needs)
        assert not strategy.score(simulator.view).any()
        simulator.step(strategy.select(simulator.view, 2))
        moved[learner.name] = strategy.score(simulator.view).max().item()
    assert moved["multilayer-perceptron"] > 0
    assert moved["softmax-regression"] == 0


def _lived(lived):
    return torch.tensor([[lived], [True]])
