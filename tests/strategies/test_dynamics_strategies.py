"""Strategies that watch how the learner moves from loop to loop."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from alrl.strategies.data_map_variability import DataMapVariability
from alrl.strategies.example_view import example_view
from alrl.strategies.output_discrepancy import OutputDiscrepancy
from alrl.strategies.prediction_flips import PredictionFlips


def remembering(past, *, remembered=None, flips=None, loops=None):
    """One episode of records whose first class had these probabilities in each loop: ``past`` (T, N)."""
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
