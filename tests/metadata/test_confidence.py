from __future__ import annotations

import pytest

P = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]]


def test_what_the_learner_says_of_a_record(view_of, features_of):
    seen = features_of(view_of(probabilities=P))
    assert seen["top-probability"] == pytest.approx([0.5, 0.7, 1 / 3, 1])
    assert seen["second-probability"] == pytest.approx([0.3, 0.2, 1 / 3, 0])
    assert seen["margin"] == pytest.approx([0.2, 0.5, 0, 1], abs=1e-6)
    assert seen["entropy"] == pytest.approx([0.937231, 0.729847, 1, 0], abs=1e-6)


def test_ranks_are_the_share_below_where_a_record_counts_half_of_itself(view_of, features_of):
    seen = features_of(view_of(probabilities=P))
    assert seen["margin-rank"] == pytest.approx([0.375, 0.625, 0.125, 0.875])
    assert seen["entropy-rank"] == pytest.approx([0.625, 0.375, 0.875, 0.125])
    assert seen["confidence-rank"] == pytest.approx([0.375, 0.625, 0.125, 0.875])


def test_ranks_are_among_the_records_that_may_be_queried(view_of, features_of):
    seen = features_of(view_of(probabilities=P, labelled=[2], labels=[0], selected=[0]), index=[1, 3])
    assert seen["margin-rank"] == pytest.approx([0.25, 0.75])
    assert seen["entropy-rank"] == pytest.approx([0.75, 0.25])
    assert seen["confidence-rank"] == pytest.approx([0.25, 0.75])


def test_equal_records_share_the_middle_rank(view_of, features_of):
    seen = features_of(view_of(probabilities=[[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]))
    assert seen["margin-rank"] == pytest.approx([1 / 3, 1 / 3, 5 / 6])


def test_rounding_does_not_rank_records_that_are_equal(view_of, features_of):
    seen = features_of(view_of(probabilities=[[0.5, 0.5], [0.5000002, 0.4999998], [0.5001, 0.4999]]))
    for name in ("margin-rank", "confidence-rank"):
        assert seen[name] == pytest.approx([1 / 3, 1 / 3, 5 / 6])
