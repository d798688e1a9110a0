from __future__ import annotations

import dataclasses

import pytest

from alrl.errors import InvalidQueryError


def voting(*members):
    """Members that are certain of the class that a digit names, one string of digits each, of three classes."""
    return [[[float(int(digit) == c) for c in range(3)] for digit in answer] for answer in members]


def view_with(view_of, members):
    mean = [[sum(p) / len(members) for p in zip(*rows, strict=True)] for rows in zip(*members, strict=True)]
    return view_of(probabilities=mean, members=members)


def test_votes_of_four_members(view_of, features_of):
    # The four records are voted 0000, 0001, 0011 and 0122.
    seen = features_of(view_with(view_of, voting("0000", "0001", "0012", "0112")))
    log3 = 1.0986123
    # Entropies of the votes by literal, over log min(3, 4).
    entropies = [0, 0.562335 / log3, 0.693147 / log3, 1.039721 / log3]
    assert seen["vote-entropy"] == pytest.approx(entropies, abs=1e-6)
    assert seen["variation-ratio"] == pytest.approx([0, 0.25, 0.5, 0.5])
    # Members that are certain diverge from their mean by its entropy, which is that of the votes.
    assert seen["divergence"] == pytest.approx(entropies, abs=1e-5)
    assert seen["vote-entropy-rank"] == pytest.approx([0.125, 0.375, 0.625, 0.875])


def test_divergence_is_over_the_largest_that_so_many_members_reach(view_of, features_of):
    members = [[[0.9, 0.1], [0.5, 0.5], [1.0, 0.0]], [[0.1, 0.9], [0.5, 0.5], [0.0, 1.0]]]
    seen = features_of(view_with(view_of, members))
    assert seen["divergence"] == pytest.approx([0.36806421 / 0.6931472, 0, 1], abs=1e-6)
    assert seen["divergence-rank"] == pytest.approx([0.5, 1 / 6, 5 / 6])
    assert seen["member-spread"] == pytest.approx([0.4, 0, 0.5])


def test_one_learner_alone_is_no_committee(view_of, features_of):
    view = view_of(probabilities=[[0.9, 0.1]])
    with pytest.raises(InvalidQueryError, match="needs a committee of at least 2 members; the learner has 1"):
        features_of(dataclasses.replace(view, members=view.members[:, :1]))
