from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.strategies import make_strategy
from alrl.strategies.diversity.herding import MaxHerding, UHerding, calibrated_temperature
from alrl.testing import check_strategy
from alrl.testing.example_view import example_view

EVEN = [0.5, 0.5]
LINE = [[0.0], [1.0], [3.0]]
"""Kernels of radius 1: 0 and 1 e^-1, 1 and 3 e^-4, 0 and 3 e^-9."""
PLAIN = {"temperature": 1.0, "unit_length": False}


def test_known_gains_of_coverage(view_of):
    view = view_of(features=LINE, probabilities=[EVEN] * 3)
    expected = [(1 + np.exp(-1) + np.exp(-9)) / 3, (1 + np.exp(-1) + np.exp(-4)) / 3, (1 + np.exp(-4) + np.exp(-9)) / 3]
    assert MaxHerding(unit_length=False).score(view)[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert MaxHerding(unit_length=False).select(view, 3).tolist() == [[1, 2, 0]]


def test_what_a_known_record_covers_gains_nothing_again(view_of):
    view = view_of(features=LINE, probabilities=[EVEN] * 3, labelled=[0])
    # Of the two available ones, 1 is covered by e^-1 already, 3 by e^-9.
    expected = [(1 - np.exp(-1) + np.exp(-4) - np.exp(-9)) / 2, (1 - np.exp(-9)) / 2]
    assert MaxHerding(unit_length=False).score(view)[0, 1:].tolist() == pytest.approx(expected, abs=1e-6)


def test_uncertain_herding_counts_by_one_minus_the_margin(view_of):
    view = view_of(features=LINE, probabilities=[[0.9, 0.1], EVEN, [0.6, 0.4]])
    rule = UHerding(radius=1.0, **PLAIN)
    expected = [
        (0.2 + np.exp(-1) + 0.8 * np.exp(-9)) / 3,
        (0.2 * np.exp(-1) + 1 + 0.8 * np.exp(-4)) / 3,
        (0.2 * np.exp(-9) + np.exp(-4) + 0.8) / 3,
    ]
    assert rule.score(view)[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_the_published_radius_is_the_least_distance_between_labelled_records(view_of):
    features = [[0.0], [0.0], [2.0], [5.0], [1.0]]
    view = view_of(features=features, probabilities=[EVEN] * 5, labelled=[0, 1, 2])
    as_given = UHerding(radius=2.0, **PLAIN).score(view)
    assert UHerding(radius="smallest", **PLAIN).score(view).allclose(as_given)


def test_the_mean_radius_is_the_mean_distance_to_the_nearest_known_record(view_of):
    view = view_of(features=[[0.0], [1.0], [4.0]], probabilities=[EVEN] * 3, labelled=[0])
    assert UHerding(radius="mean", **PLAIN).score(view).allclose(UHerding(radius=2.5, **PLAIN).score(view))


def test_rows_of_length_one_have_no_unit():
    view = example_view(seed=3, records=(20,), labelled=(4,))
    far = dataclasses.replace(view, features=view.features * 1000)
    assert MaxHerding().score(view).allclose(MaxHerding().score(far), atol=1e-6)


def test_a_sharp_temperature_leaves_nothing_in_doubt(view_of):
    view = view_of(features=LINE, probabilities=[[0.6, 0.4], [0.7, 0.3], EVEN], labelled=[])
    sharp = UHerding(radius=1e-3, temperature=0.01, unit_length=False).score(view)[0]
    assert sharp.tolist() == pytest.approx([0, 0, 1 / 3], abs=1e-6)
    # At twice the temperature .8 and .2 are as 2 to 1.
    warm = view_of(features=[[0.0]], probabilities=[[0.8, 0.2]])
    assert UHerding(radius=1.0, temperature=2.0).score(warm).item() == pytest.approx(2 / 3, abs=1e-5)


def test_the_temperature_is_one_where_there_is_nothing_to_calibrate_on():
    view = example_view(seed=1, records=(9, 9), labelled=(1, 0))
    assert calibrated_temperature(view, "uherding").tolist() == [1.0, 1.0]


def test_the_temperature_is_the_one_of_least_calibration_error():
    for seed in range(8):
        result = calibrated_temperature(example_view(seed=seed, records=(30,), labelled=(12,)), "uherding")
        assert 0.1 <= float(result) <= 10


def test_without_refits_the_temperature_cannot_be_fitted():
    view = dataclasses.replace(example_view(), refits=None)
    with pytest.raises(InvalidQueryError, match="uherding needs a learner to refit"):
        UHerding().score(view)
    assert UHerding(temperature=1.0).score(view).isfinite().all()


def lost_by(picks, view, weight, radius):
    """By how much each pick gains less than the greedy maximum of the paper's objective, from every pair of records.

    Two records that cover each other alone gain the same: which of them is taken is chance.
    """
    X = view.features[0].double().numpy()
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    kernel = np.exp(-((X[:, None] - X[None]) ** 2).sum(-1) / radius**2)
    kept, free = view.labelled_index[0].tolist(), view.available[0].numpy().copy()
    lost = []
    for pick in picks:
        covered = kernel[:, kept].max(1) if kept else np.zeros(len(X))
        gain = (weight * np.maximum(kernel - covered, 0)).sum(1)
        lost.append(gain[free].max() - gain[pick])
        kept.append(pick)
        free[pick] = False
    return lost


@pytest.mark.parametrize("seed", range(50))
def test_a_batch_is_the_greedy_maximum_of_the_papers_objective(seed):
    view = example_view(seed=seed, records=(25,), features=(4,), classes=(2 + seed % 3,), labelled=(seed % 6,))
    weight = np.ones(25)
    assert max(lost_by(MaxHerding().select(view, 6)[0].tolist(), view, weight, 1.0)) < 1e-4
    doubt = (1 - view.margin[0]).double().numpy()
    rule = UHerding(temperature=1.0, radius=0.7)
    assert max(lost_by(rule.select(view, 6)[0].tolist(), view, doubt, 0.7)) < 1e-4


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_each_pick_of_a_batch_counts_as_known_for_the_next(seed):
    view = example_view(seed=seed, records=(30, 12), labelled=(4, 2), padding=1)
    for rule in (MaxHerding(), UHerding(temperature=1.0), UHerding(radius="mean", **PLAIN)):
        kept, single = view, []
        for _ in range(5):
            single.append(rule.select(kept))
            kept = kept.with_selected(single[-1][:, 0])
        assert rule.select(view, 5).equal(torch.cat(single, 1))


def test_where_the_pool_runs_out_the_rest_is_minus_one():
    view = example_view(seed=1, records=(7, 3), labelled=(3, 3))
    picks = UHerding().select(view, 6)
    assert sorted(picks[0, :4].tolist()) == view.available[0].nonzero()[:, 0].tolist()
    assert picks[0, 4:].tolist() == [-1, -1]
    assert picks[1].tolist() == [-1] * 6


@pytest.mark.parametrize(
    "rule",
    [
        UHerding(radius="mean", **PLAIN),
        UHerding(radius=0.5),
        MaxHerding(radius="smallest"),
        MaxHerding(candidates=3, others=4),
    ],
)
def test_other_settings_keep_the_contract(rule):
    check_strategy(rule)


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("uherding", {"radius": 0.0}, "radius = 0.0 given"),
        ("max-herding", {"radius": "widest"}, 'radius = "widest" given'),
        ("uherding", {"temperature": -1.0}, "temperature = -1.0 given"),
        ("max-herding", {"others": 0}, "others = 0 given; give at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(name, setting, message):
    with pytest.raises(InvalidRecipeError, match=message):
        make_strategy(name, **setting)
