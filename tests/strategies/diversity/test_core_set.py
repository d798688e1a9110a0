from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.errors import InvalidQueryError
from alrl.strategies.diversity.core_set import CoreSet
from alrl.studies.cell import peak_bytes, reset_peak
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone


def greedy(X, known, available, noise, count):
    """k-centre greedy as it is written down, with every distance at hand."""
    distance = np.sqrt(((X[:, None] - X[None]) ** 2).sum(-1))
    known, available, picks = set(known), set(available), []
    while len(picks) < count and available:
        nearest = {i: min((distance[i, j] for j in known), default=0.0) for i in available}
        best = max(available, key=lambda i: (nearest[i], noise[i]))
        picks.append(best)
        known.add(best)
        available.remove(best)
    return picks + [-1] * (count - len(picks))


def test_known_picks_in_order_of_selection(view_of):
    view = view_of(features=[[0.0], [1.0], [2.0], [10.0], [6.0]], labelled=[0])
    assert CoreSet().select(view, 3).tolist() == [[3, 4, 2]]
    distances, kept = [], view
    for pick in (3, 4, 2):
        distances.append(float(CoreSet().score(kept)[0, pick]))
        kept = kept.with_selected(torch.tensor([pick]))
    assert distances == [10, 4, 2]


@pytest.mark.parametrize("count", [1, 2, 5, 14])
def test_agrees_with_brute_force(count):
    for seed in range(20):
        view = example_view(seed=seed, records=(9, 6, 12), labelled=(4, 0, 11), padding=seed % 3)
        picks = CoreSet().select(view, count)
        for episode in range(3):
            single = alone(view, episode)
            expected = greedy(
                single.features[0].double().numpy(),
                single.labelled[0].nonzero()[:, 0].tolist(),
                single.available[0].nonzero()[:, 0].tolist(),
                single.noise[0].tolist(),
                count,
            )
            assert picks[episode].tolist() == expected


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_a_batch_is_what_single_picks_give(seed, count):
    view = example_view(seed=seed)
    kept, single = view, []
    for _ in range(count):
        pick = CoreSet().select(kept, 1)
        single.append(pick)
        kept = kept.with_selected(pick[:, 0])
    assert CoreSet().select(view, count).equal(torch.cat(single, 1))


def test_with_nothing_known_the_first_centre_is_a_random_record(view_of):
    view = view_of(features=[[0.0], [5.0], [9.0]], noise=[0.2, 0.8, 0.5])
    assert CoreSet().score(view).tolist() == [[0, 0, 0]]
    assert CoreSet().select(view, 3).tolist() == [[1, 0, 2]]


def test_duplicates_far_from_the_origin_are_at_distance_zero():
    view = example_view(records=(40,), features=(100,), labelled=(1,), case="duplicates")
    view.features.add_(1000.0)
    assert CoreSet().score(view).tolist() == [[0.0] * 40]
    assert len(set(CoreSet().select(view, 39)[0].tolist())) == 39


def test_no_matrix_of_all_pairs_is_held():
    # One of these 20,000 records would take 1.6 GB in single precision.
    view = example_view(records=(20_000,), features=(2,), labelled=(200,))
    CoreSet().select(example_view(), 3)
    reset_peak()
    before = peak_bytes()
    picks = CoreSet().select(view, 5)
    assert len(set(picks[0].tolist())) == 5
    if before is not None:
        assert peak_bytes() - before < 200e6


def test_a_batch_larger_than_the_pool_takes_the_pool(view_of):
    view = view_of(features=[[0.0], [1.0], [3.0]], labelled=[0])
    assert CoreSet().select(view, 5).tolist() == [[2, 1, -1, -1, -1]]


@pytest.mark.parametrize("count", [1, 4])
def test_an_empty_pool_gives_no_record(view_of, count):
    view = view_of(features=[[0.0], [1.0]], labelled=[0, 1])
    assert CoreSet().select(view, count).tolist() == [[-1] * count]


@pytest.mark.parametrize("count", [0, -2])
def test_a_batch_of_no_record_is_refused(count):
    with pytest.raises(InvalidQueryError, match=f"batch of {count} records"):
        CoreSet().select(example_view(), count)
