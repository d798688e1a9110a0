from __future__ import annotations

import dataclasses

import pytest
import torch
from scipy import stats

from alrl.errors import InvalidQueryError
from alrl.strategies.random_sampling import RandomSampling
from alrl.strategies.uncertainty_sampling import Entropy, LeastConfidence, Margin
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import records_permuted

P = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]]


@pytest.fixture
def view(view_of):
    return view_of(probabilities=P)


@pytest.mark.parametrize(
    ("strategy", "scores"),
    [
        (LeastConfidence(), [0.5, 0.3, 0.66667, 0]),
        (Margin(), [-0.2, -0.5, 0, -1]),
        (Entropy(), [1.0296530, 0.8018186, 1.0986123, 0]),
    ],
)
def test_known_scores_and_the_order_that_they_give(view, strategy, scores):
    assert strategy.score(view)[0].tolist() == pytest.approx(scores, abs=5e-6)
    assert strategy.select(view, 4).tolist() == [[2, 0, 1, 3]]


def test_three_strategies_query_three_rows_differently(view_of):
    view = view_of(probabilities=[[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.45, 0.45, 0.1]], noise=[0.2, 0.9, 0.6])
    assert LeastConfidence().select(view).tolist() == [[1]]
    assert Entropy().select(view).tolist() == [[1]]
    assert Margin().select(view, 3).tolist() == [[2, 0, 1]]


@pytest.mark.parametrize("count", [1, 2])
def test_ties_go_to_the_record_of_highest_noise(view_of, count):
    view = view_of(probabilities=[[0.5, 0.5]] * 5, noise=[0.1, 0.7, 0.3, 0.9, 0.5], labelled=[3])
    assert Margin().select(view, count).tolist() == [[1, 4][:count]]


def test_a_batch_larger_than_the_pool_takes_the_pool(view_of):
    view = view_of(probabilities=P, labelled=[2])
    assert Margin().select(view, 6).tolist() == [[0, 1, 3, -1, -1, -1]]


@pytest.mark.parametrize("count", [1, 3])
def test_an_empty_pool_gives_no_record(view_of, count):
    view = view_of(probabilities=P, labelled=[0, 1, 2, 3])
    assert Entropy().select(view, count).tolist() == [[-1] * count]


@pytest.mark.parametrize("count", [0, -1])
def test_a_batch_of_no_record_is_refused(view, count):
    with pytest.raises(InvalidQueryError, match=rf"batch of {count} records asked for; .* at least 1 record"):
        Margin().select(view, count)


def test_random_queries_every_record_equally_often():
    view = example_view(records=(12,), labelled=(4,))
    picks = torch.zeros(12)
    random = torch.Generator().manual_seed(0)
    for _ in range(2000):
        drawn = dataclasses.replace(view, noise=torch.rand(view.noise.shape, generator=random))
        picks[RandomSampling().select(drawn)[0, 0]] += 1
    assert not picks[view.labelled[0]].any()
    assert stats.chisquare(picks[view.available[0]]).pvalue > 0.001


def test_random_follows_the_records_when_they_move():
    view = example_view(records=(12,), labelled=(4,))
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))[None]
    moved = RandomSampling().select(records_permuted(view, order), 5)
    assert order.gather(1, moved).equal(RandomSampling().select(view, 5))
