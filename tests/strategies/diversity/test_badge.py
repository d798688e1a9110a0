from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import stats

from alrl.strategies.diversity.badge import Badge
from alrl.strategies.expected_model_change import ExpectedGradientLength, push, squared_length
from alrl.testing.example_view import example_view

P, H = [[0.2, 0.5, 0.3]], [[1.0, 2.0]]


def written_out(view):
    """Gradient of each record of one episode, (N, k · E), as the paper writes it."""
    a = push(view.probabilities[0]).double()
    return (a[:, :, None] * view.embedding[0].double()[:, None]).flatten(1).numpy()


def test_known_gradient(view_of):
    view = view_of(probabilities=P, embedding=H)
    assert written_out(view)[0].tolist() == pytest.approx([0.2, 0.4, -0.5, -1, 0.3, 0.6], abs=1e-6)
    assert float(squared_length(view.probabilities, view.embedding)) == pytest.approx(1.9, abs=1e-6)
    assert Badge().score(view).tolist() == [[pytest.approx(1.9, abs=1e-6)]]


def test_known_expected_gradient_length(view_of):
    view = view_of(probabilities=P, embedding=H)
    assert ExpectedGradientLength().score(view).tolist() == [[pytest.approx(1.72437384, abs=1e-6)]]


def test_expected_gradient_length_is_that_of_the_gradients_written_out():
    view = example_view(seed=2, records=(9,))
    p, h = view.probabilities[0].double().numpy(), view.embedding[0].double().numpy()
    length = sum(
        p[:, y] * np.linalg.norm(((p - np.eye(3)[y])[:, :, None] * h[:, None]).reshape(9, -1), axis=1) for y in range(3)
    )
    np.testing.assert_allclose(ExpectedGradientLength().score(view)[0], length, rtol=1e-5)


def test_a_batch_begins_with_the_longest_gradient():
    view = example_view(seed=4, records=(12,), labelled=(3,))
    length = np.linalg.norm(written_out(view), axis=1)
    length[~view.available[0].numpy()] = -1
    assert Badge().select(view, 3)[0, 0] == length.argmax()


def test_further_records_are_drawn_in_proportion_to_squared_distance():
    view = example_view(seed=4, records=(8,), labelled=(2,))
    gradients = written_out(view)
    first = int(Badge().select(view)[0, 0])
    view = view.with_selected(torch.tensor([first]))
    weight = ((gradients - gradients[first]) ** 2).sum(1)
    weight[~view.available[0].numpy()] = 0
    random = torch.Generator().manual_seed(0)
    count = np.zeros(8)
    for _ in range(1500):
        drawn = dataclasses.replace(view, noise=torch.rand(1, 8, generator=random))
        count[Badge().select(drawn)[0, 0]] += 1
    there = weight > 0
    assert not count[~there].any()
    assert stats.chisquare(count[there], weight[there] / weight.sum() * 1500).pvalue > 0.001


@pytest.mark.parametrize("seed", range(10))
def test_a_batch_is_what_single_picks_give(seed):
    view = example_view(seed=seed, padding=1)
    kept, single = view, []
    for _ in range(5):
        pick = Badge().select(kept, 1)
        single.append(pick)
        kept = kept.with_selected(pick[:, 0])
    assert Badge().select(view, 5).equal(torch.cat(single, 1))


@pytest.mark.parametrize("case", ["duplicates", "certain"])
def test_with_all_distances_zero_it_ends_with_distinct_records(case):
    view = example_view(case=case, records=(12,), labelled=(2,))
    picks = Badge().select(view, 12)[0]
    assert sorted(picks[:10].tolist()) == view.available[0].nonzero()[:, 0].tolist()
    assert picks[10:].tolist() == [-1, -1]
    assert not Badge().score(view.with_selected(picks[:1]))[0].any()


def test_an_embedding_of_nothing_gives_random_records(view_of):
    view = view_of(probabilities=[[0.5, 0.5]] * 4, embedding=[[0.0]] * 4, noise=[0.3, 0.9, 0.1, 0.6])
    assert Badge().select(view, 4).tolist() == [[1, 3, 0, 2]]
