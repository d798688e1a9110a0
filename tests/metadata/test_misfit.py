from __future__ import annotations

import pytest

LINE = [0.0, 1.0, 2.0, 3.0, 10.0]
P = [[0.7, 0.3]] * 5


def test_the_three_nearest_labels_against_the_learner(view_of, features_of):
    # Labels 0, 0 and 1 are nearest; the one at 10 is not among them.
    view = view_of(features=LINE, probabilities=P, labelled=[4, 3, 1, 2], labels=[1, 1, 0, 0])
    seen = features_of(view, index=[0])
    assert seen["label-agreement"] == pytest.approx([2 / 3])
    assert seen["label-probability"] == pytest.approx([(0.7 + 0.7 + 0.3) / 3])
    assert seen["label-unity"] == pytest.approx([2 / 3])


def test_fewer_than_three_labels(view_of, features_of):
    seen = features_of(view_of(features=LINE, probabilities=P, labelled=[1, 4], labels=[0, 1]), index=[0])
    assert seen["label-agreement"] == pytest.approx([1 / 2])
    assert seen["label-probability"] == pytest.approx([1 / 2])
    assert seen["label-unity"] == pytest.approx([1 / 2])


def test_no_label_at_all(view_of, features_of):
    seen = features_of(view_of(features=LINE, probabilities=P))
    for name in ("label-agreement", "label-probability", "label-unity"):
        assert seen[name] == [0] * 5


def test_of_labels_at_equal_distance_those_bought_first_are_nearer(view_of, features_of):
    around = [0.0, 1.0, -1.0, 1.0, -1.0]
    seen = features_of(view_of(features=around, probabilities=P, labelled=[4, 2, 1, 3], labels=[1, 1, 1, 0]), index=[0])
    assert seen["label-agreement"] == [0]
    assert seen["label-unity"] == [1]
