from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.errors import InvalidRecipeError
from alrl.numerics.backend import portable
from alrl.strategies import make_strategy
from alrl.strategies.meta.reach import Reach
from alrl.strategies.uncertainty_sampling import Margin
from alrl.testing import check_strategy
from alrl.testing.example_view import example_view

EVEN = [0.5, 0.5]
LINE = [[0.0], [1.0], [-1.0], [3.0]]
"""Squared correlations without a label: 0 and 1 .5, 0 and 3 .1, 1 and -1 0, 1 and 3 .8, -1 and 3 .2."""


def test_known_scores(view_of):
    view = view_of(features=LINE, probabilities=[EVEN] * 4)
    # Means of four, its own of 1 included: of the first 1, .5, .5 and .1.
    assert Reach().score(view)[0].tolist() == pytest.approx([0.525, 0.575, 0.425, 0.525])
    assert Reach().select(view).tolist() == [[1]]


def test_records_count_by_the_square_of_their_impurity(view_of):
    # Impurities .5, .5, .5 and .18: weights .25 and .0324.
    view = view_of(features=LINE, probabilities=[EVEN] * 3 + [[0.9, 0.1]])
    total = 0.7824
    expected = [(0.5 + 0.00324) / total, (0.375 + 0.02592) / total]
    assert Reach().score(view)[0, :2].tolist() == pytest.approx(expected)
    assert Reach().select(view).tolist() == [[0]]


def test_what_is_known_changes_what_says_most(view_of):
    known = view_of(features=LINE, probabilities=[EVEN] * 4, labelled=[1])
    # The label's variance and noise are .2 + 2. Squared correlations left: 0 and -1 .011 / .021, 0 and 3 .009 / .119,
    # -1 and 3 .22 / 1.02.
    score = [(1 + 0.011 / 0.021 + 0.009 / 0.119) / 3, (1 + 0.011 / 0.021 + 0.22 / 1.02) / 3]
    assert Reach().score(known)[0, [0, 2]].tolist() == pytest.approx(score)
    assert Reach().select(known).tolist() == [[2]]


def test_a_batch_counts_its_own_picks_as_known(view_of):
    # By their scores alone 0 and 3 would be second, and -1 last.
    view = view_of(features=LINE, probabilities=[EVEN] * 4)
    assert Reach().select(view, 2).tolist() == [[1, 2]]
    assert Reach().score(view)[0].argmin() == 2


def test_a_record_that_is_no_candidate_scores_below_all_that_are(view_of):
    view = view_of(features=LINE, probabilities=[EVEN, [0.6, 0.4], [0.7, 0.3], [0.9, 0.1]])
    score = Reach(candidates=2).score(view)[0]
    assert (score[:2] >= 0).all()
    # Margins .4 and .8, and 1 more.
    assert score[2:].tolist() == pytest.approx([-1.4, -1.8])
    assert Reach(candidates=2).select(view, 4)[0, 2:].tolist() == [2, 3]


@given(st.integers(0, 1000), st.integers(1, 5))
@settings(max_examples=30)
def test_of_one_candidate_it_is_margin_sampling(seed, count):
    view = example_view(seed=seed, padding=seed % 3)
    assert Reach(candidates=1).select(view, count).equal(Margin().select(view, count))


@given(st.integers(0, 1000), st.integers(2, 8))
@settings(max_examples=30)
def test_it_queries_one_of_the_smallest_margins(seed, candidates):
    view = example_view(seed=seed, records=(30, 12), labelled=(4, 2))
    smallest = Margin().select(view, candidates)
    assert (Reach(candidates=candidates).select(view) == smallest).any(1).all()


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_each_pick_of_a_batch_counts_as_known_for_the_next(seed):
    view = example_view(seed=seed, records=(30, 12), labelled=(4, 2), padding=1)
    kept, single = view, []
    for _ in range(6):
        single.append(Reach().select(kept))
        kept = kept.with_selected(single[-1][:, 0])
    assert Reach().select(view, 6).equal(torch.cat(single, 1))


def test_where_the_pool_runs_out_the_rest_is_minus_one():
    view = example_view(seed=1, records=(7, 3), labelled=(3, 3))
    picks = Reach().select(view, 6)
    assert sorted(picks[0, :4].tolist()) == view.available[0].nonzero()[:, 0].tolist()
    assert picks[0, 4:].tolist() == [-1, -1]
    assert picks[1].tolist() == [-1] * 6


def test_where_nothing_is_in_doubt_the_noise_decides(view_of):
    view = view_of(features=LINE, probabilities=[[1.0, 0.0], [0.0, 1.0]] * 2, noise=[0.3, 0.1, 0.9, 0.2])
    assert Reach().score(view)[0].tolist() == [0.0] * 4
    assert Reach().select(view, 4).tolist() == [[2, 0, 3, 1]]


@pytest.mark.parametrize("seed", range(5))
def test_torch_alone_queries_the_same(seed):
    view = example_view(seed=seed, records=(40, 25), labelled=(6, 3), features=(5, 2))
    score, picks = Reach().score(view), Reach().select(view, 4)
    with portable():
        torch.testing.assert_close(Reach().score(view)[view.available], score[view.available], rtol=1e-4, atol=1e-5)
        assert Reach().select(view, 4).equal(picks)


@pytest.mark.parametrize("candidates", [0, -3])
def test_less_than_one_candidate_is_refused(candidates):
    with pytest.raises(InvalidRecipeError, match=f"reach: candidates = {candidates} given; give at least 1"):
        make_strategy("reach", candidates=candidates)


@pytest.mark.parametrize("candidates", [1, 2, 500])
def test_it_keeps_the_contract_whatever_the_candidates(candidates):
    check_strategy(Reach(candidates=candidates))
