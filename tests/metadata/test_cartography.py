from __future__ import annotations

import pytest


def two_classes(*second):
    return [[1 - p, p] for p in second]


def test_ranks_on_the_data_map_of_the_predicted_class(view_of, features_of):
    # Over three rounds the class predicted now had .6 (steady), .2 .6 .7 and .9 .9 .9.
    past = [two_classes(0.6, 0.2, 0.1), two_classes(0.6, 0.6, 0.1)]
    seen = features_of(view_of(probabilities=two_classes(0.6, 0.7, 0.1), past=past))
    assert seen["map-confidence-rank"] == pytest.approx([0.5, 1 / 6, 5 / 6])
    assert seen["map-variability-rank"] == pytest.approx([1 / 3, 5 / 6, 1 / 3])
    assert seen["map-drift"] == pytest.approx([0, 0.5, 0], abs=1e-6)
    assert seen["map-constancy"] == pytest.approx([1, 2 / 3, 1])


def test_the_known_data_map(view_of, features_of):
    # .2, .6 and 1: predicted as now in two loops of three. Another record with the same mean, steady, and a third.
    past = [two_classes(0.2, 0.6, 0.5), two_classes(0.6, 0.6, 0.5)]
    seen = features_of(view_of(probabilities=two_classes(1.0, 0.6, 0.5), past=past))
    assert seen["map-constancy"][0] == pytest.approx(2 / 3)
    assert seen["map-drift"][0] == pytest.approx(0.8)
    # Means .6, .6, .5: a tie above; the deviation of the first, .3266, is the one above zero.
    assert seen["map-confidence-rank"] == pytest.approx([2 / 3, 2 / 3, 1 / 6])
    assert seen["map-variability-rank"] == pytest.approx([5 / 6, 1 / 3, 1 / 3])


def test_drift_is_negative_where_the_predicted_class_lost(view_of, features_of):
    seen = features_of(view_of(probabilities=two_classes(0.6), past=[two_classes(0.9)]))
    assert seen["map-drift"] == pytest.approx([-0.3], abs=1e-6)


def test_loops_that_were_not_lived_through_do_not_count(view_of, features_of):
    view = view_of(
        probabilities=two_classes(0.9), past=[two_classes(0.1), two_classes(0.4)], remembered=[False, True, True]
    )
    seen = features_of(view)
    assert seen["map-drift"] == pytest.approx([0.5])
    assert seen["map-constancy"] == pytest.approx([0.5])


def test_in_the_first_loop_all_lie_alike(view_of, features_of):
    seen = features_of(view_of(probabilities=two_classes(0.9, 0.8)))
    assert seen["map-variability-rank"] == [0.5, 0.5]
    assert seen["map-drift"] == [0, 0]
    assert seen["map-constancy"] == [1, 1]
