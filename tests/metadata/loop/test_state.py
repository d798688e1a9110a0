from __future__ import annotations

import pytest


def test_budget_and_counts(view_of, features_of):
    view = view_of(features=[[0.0] * 6] * 9, labelled=[0, 1, 2], labels=[0, 1, 1], spent=2, budget=8)
    seen = features_of(view)
    assert seen["budget-spent"] == pytest.approx(0.25)
    assert seen["labelled-count"] == pytest.approx(3 / 53)
    assert seen["labelled-per-feature"] == pytest.approx(3 / 9)
    assert seen["labelled-per-class"] == pytest.approx(3 / 23)
    assert seen["class-count"] == 0


def test_class_count_grows_towards_one(view_of, features_of):
    assert features_of(view_of(probabilities=[[0.25] * 4]))["class-count"] == pytest.approx(0.5)


def test_the_state_of_the_pool(view_of, features_of):
    P = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]]
    seen = features_of(view_of(probabilities=P, flips=[3, 1, 0, 0], loops=4))
    assert seen["pool-entropy"] == pytest.approx((0.937231 + 0.729847 + 1) / 4, abs=1e-6)
    # Margins .2, .5, 0, 1: mean .425, population standard deviation.
    assert seen["pool-margin"] == pytest.approx(0.425)
    assert seen["margin-spread"] == pytest.approx(0.3766630)
    assert seen["pool-flip-rate"] == pytest.approx(0.25)
    assert seen["largest-class"] == pytest.approx((0.2 + 0.1 + 1 / 3 + 1) / 4)


def test_how_the_learner_does_on_the_labelled_records(view_of, features_of):
    P = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]]
    seen = features_of(view_of(probabilities=P, labelled=[0, 1], labels=[0, 1]))
    assert seen["labelled-accuracy"] == pytest.approx(0.5)
    assert seen["labelled-probability"] == pytest.approx(0.65)


def test_concentration_is_near_distance_over_any_distance(view_of, features_of):
    # Two records, two apart: neighbours lie 2 off, the root mean square over all pairs is the root of 2, at most 1.
    assert features_of(view_of(features=[0.0, 2.0]))["concentration"] == 1
    # Eleven records at one place and eleven at another, 6 apart: every neighbour is a duplicate.
    assert features_of(view_of(features=[0.0] * 11 + [6.0] * 11))["concentration"] == 0
    # 0, 1, 2 and so on to 11, ten neighbours each: the one left out is the farthest.
    line = features_of(view_of(features=[float(n) for n in range(12)]))
    assert line["concentration"] == pytest.approx(0.8022768, abs=1e-6)
