from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.numerics.uncertainty import mean_divergence, votes
from alrl.strategies.expected_model_change import ExpectedGradientLength, ExpectedModelChange
from alrl.strategies.query_by_committee import BALD, ConsensusEntropy, MeanKL, VariationRatios, VoteEntropy
from alrl.strategies.uncertainty_sampling import LeastConfidence
from alrl.testing.example_view import example_view

VOTES = [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 2, 2]]


@pytest.fixture
def voted(view_of):
    """Four members that give the votes of each row."""
    sure = np.eye(3) * 0.8 + 0.1
    return view_of(members=[[sure[row[member]].tolist() for row in VOTES] for member in range(4)])


def test_known_vote_entropies(voted):
    assert VoteEntropy().score(voted)[0].tolist() == pytest.approx([0, 0.562335, 0.693147, 1.039721], abs=1e-6)


def test_known_variation_ratios(voted):
    assert VariationRatios().score(voted)[0].tolist() == [0, 0.25, 0.5, 0.5]


def test_known_divergences_and_consensus_entropies(view_of):
    view = view_of(members=[[[0.3, 0.7], [0.4, 0.6]], [[0.2, 0.8], [0.5, 0.5]]])
    for strategy in (MeanKL(), BALD()):
        assert strategy.score(view)[0].tolist() == pytest.approx([0.00670178, 0.00505939], abs=1e-7)
    assert ConsensusEntropy().score(view)[0].tolist() == pytest.approx([0.56233514, 0.68813881], abs=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([0.9, 0.1], [0.1, 0.9], 0.36806421),
        ([0.5, 0.5], [0.5, 0.5], 0),
        ([1, 0], [0, 1], math.log(2)),
        ([1, 0], [0.5, 0.5], 0.21576155),
    ],
)
def test_known_bald(view_of, first, second, expected):
    view = view_of(members=[[first], [second]])
    assert BALD().score(view)[0].tolist() == pytest.approx([expected], abs=1e-7)


def test_variation_ratios_are_not_least_confidence(view_of):
    # All vote alike, each with little confidence; then a split vote, each member sure.
    members = [
        [[0.4, 0.3, 0.3], [1.0, 0.0, 0.0]],
        [[0.4, 0.3, 0.3], [0.9, 0.1, 0.0]],
        [[0.4, 0.3, 0.3], [0.0, 1.0, 0.0]],
    ]
    mean = np.mean(members, axis=0).tolist()
    view = view_of(members=members, probabilities=mean)
    assert VariationRatios().select(view).tolist() == [[1]]
    assert LeastConfidence().select(view).tolist() == [[0]]


def test_a_vote_for_equally_likely_classes_is_shared():
    assert votes(torch.tensor([[[[0.4, 0.4, 0.2]], [[0.0, 1.0, 0.0]]]]))[0, 0].tolist() == [0.5, 1.5, 0]


@given(st.integers(0, 10_000))
def test_bald_lies_between_zero_and_the_entropy_of_the_mean(seed):
    members = example_view(seed=seed, padding=1).members
    divergence = mean_divergence(members)
    view = example_view(seed=seed, padding=1)
    assert (divergence >= 0).all()
    assert (divergence <= ConsensusEntropy().score(view) + 1e-6).all()


def test_equal_members_do_not_disagree():
    members = example_view(seed=3).members[:, :1].expand(-1, 5, -1, -1)
    assert float(mean_divergence(members).max()) < 1e-12


def test_expected_model_change_is_zero_where_members_agree_however_unsure(view_of):
    # |p - q| is the root of .02 for both members of the first record, and |h| is 5.
    members = [[[0.3, 0.7], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]]
    view = view_of(members=members, probabilities=[[0.4, 0.6], [0.5, 0.5]], embedding=[[3.0, 4.0], [3.0, 4.0]])
    assert ExpectedModelChange().score(view)[0].tolist() == pytest.approx([5 * math.sqrt(0.02), 0.0], abs=1e-6)
    assert ExpectedModelChange().select(view).tolist() == [[0]]
    assert ExpectedGradientLength().select(view).tolist() == [[1]]
