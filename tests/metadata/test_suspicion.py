from __future__ import annotations

import math

import pytest

NAMES = ("outlierness", "local-outlierness", "duplicate", "known-duplicate", "nearest-doubt", "nearest-suspected")


def test_an_outlier_far_from_all_and_a_record_among_others(view_of, features_of):
    # Twelve records one apart and one a hundred away.
    seen = features_of(view_of(features=[*map(float, range(12)), 211.0]))
    assert seen["outlierness"][12] > 0.9
    assert max(seen["outlierness"][:12]) < 0.4
    assert seen["local-outlierness"][12] > 0.9
    assert all(abs(value) < 0.25 for value in seen["local-outlierness"][:12])


def test_distance_to_neighbours_over_that_of_the_pool(view_of, features_of):
    # Mean distances to the others: 2, 1.5, 2.5; their mean is 2.
    seen = features_of(view_of(features=[0.0, 1.0, 3.0]))
    assert seen["outlierness"] == pytest.approx([1 / 2, 1.5 / 3.5, 2.5 / 4.5])
    # Against the neighbours' 2, 2.25 and 1.75: logarithms, each raised by a thousandth of the extent 1.7638.
    e = 1.7638342e-3
    ratios = [math.log((a + e) / (b + e)) / 3 for a, b in ((2, 2), (1.5, 2.25), (2.5, 1.75))]
    assert seen["local-outlierness"] == pytest.approx(ratios, abs=1e-6)


def test_duplicates_of_others_and_of_what_is_known(view_of, features_of):
    seen = features_of(view_of(features=[0.0, 0.0, 50.0, 100.0, 100.0], labelled=[3], labels=[0]))
    assert seen["duplicate"] == pytest.approx([1, 1, 1 / (1 + 50 / 0.6324555), 1, 1], abs=1e-4)
    assert seen["known-duplicate"][3:] == [1, 1]
    assert max(seen["known-duplicate"][:3]) < 0.02


def test_how_much_of_a_duplicate_depends_on_the_extent_of_the_pool(view_of, features_of):
    # Two records d apart have an extent of d / √2.
    expected = 1 / (1 + 100 * math.sqrt(2))
    for apart in (2.0, 8192.0):
        assert features_of(view_of(features=[0.0, apart]))["duplicate"] == pytest.approx([expected] * 2, rel=1e-4)


def test_records_that_are_all_the_same(view_of, features_of):
    seen = features_of(view_of(features=[2.0] * 4, labelled=[0], labels=[1]))
    assert seen["outlierness"] == seen["local-outlierness"] == [0] * 4
    assert seen["duplicate"] == seen["known-duplicate"] == [1] * 4


def test_a_record_without_others(view_of, features_of):
    seen = features_of(view_of(features=[4.0]))
    assert [seen[name] for name in NAMES] == [[0]] * 6


def test_a_label_among_others_of_another_class_is_suspected(view_of, features_of):
    # Two groups of labelled records six apart; the last of the first group has the label of the second.
    line = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 6.0, 6.1, 6.2, 6.3, 6.4, 6.5, 0.45, 6.25]
    labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]
    seen = features_of(view_of(features=line, labelled=list(range(12)), labels=labels), index=[12, 13])
    # Nearest to 0.45 are 0.5, 0.4 and 0.3. The votes of five others and half a vote for each class: the label of 0.5
    # has a chance of .5 / 6, those of the other two 4.5 / 6.
    assert seen["nearest-doubt"] == pytest.approx([(5.5 + 1.5 + 1.5) / 18, 0.5 / 6])
    assert seen["nearest-suspected"] == pytest.approx([1 / 3, 0])
