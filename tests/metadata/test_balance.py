from __future__ import annotations

import pytest

THIRDS = [1 / 3, 1 / 3, 1 / 3]


def test_labelled_against_predicted_shares_of_the_two_likeliest_classes(view_of, features_of):
    P = [[0.6, 0.4, 0.0], [0.0, 0.6, 0.4], [0.4, 0.0, 0.6]]
    seen = features_of(view_of(probabilities=P, labelled=[0, 1, 2], labels=[0, 0, 1]))
    # Predicted a third each; labelled 2/3, 1/3, 0. log((share + .05) / (1/3 + .05)) / log(21).
    surplus = [0.2055185, 0.0, -0.6690317]
    assert seen["first-class-surplus"] == pytest.approx(surplus, abs=1e-6)
    assert seen["second-class-surplus"] == pytest.approx([surplus[1], surplus[2], surplus[0]], abs=1e-6)
    # Shares s as s / (s + 1/3).
    assert seen["first-class-share"] == pytest.approx([2 / 3, 1 / 2, 0])
    assert seen["second-class-share"] == pytest.approx([1 / 2, 0, 2 / 3])


def test_a_class_that_is_predicted_of_all_and_labelled_never_has_the_least_surplus(view_of, features_of):
    seen = features_of(view_of(probabilities=[[1.0, 0.0], [1.0, 0.0]], labelled=[0], labels=[1]))
    assert seen["first-class-surplus"] == pytest.approx([-1, -1], abs=1e-6)
    assert seen["second-class-surplus"] == pytest.approx([1, 1], abs=1e-6)


def test_without_labels_every_share_is_zero(view_of, features_of):
    seen = features_of(view_of(probabilities=[[0.7, 0.3], [0.3, 0.7]]))
    assert seen["first-class-share"] == [0, 0]
    # None labelled against half predicted: log(.05 / .55) / log(21).
    assert seen["first-class-surplus"] == pytest.approx([-0.7876106, -0.7876106], abs=1e-6)


def test_predicted_shares_are_of_the_whole_pool_labelled_records_included(view_of, features_of):
    seen = features_of(view_of(probabilities=[[0.9, 0.1], [0.5, 0.5]], labelled=[0], labels=[0]), index=[1])
    # Shares .7 and .3 predicted, 1 and 0 labelled: log(1.05 / .75) / log(21), log(.05 / .35) / log(21).
    assert sorted(seen["first-class-surplus"] + seen["second-class-surplus"]) == pytest.approx(
        [-0.6391521, 0.1105163], abs=1e-6
    )
