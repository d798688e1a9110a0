from __future__ import annotations

import pytest
import torch

from alrl.strategies.diversity.ranked_batch import RankedBatch
from alrl.testing.example_view import example_view

# Least confidence of .5 and .4 where it matters.
PROBABILITIES = [[1.0, 0.0], [0.5, 0.5], [0.6, 0.4]]


def test_known_scores(view_of):
    view = view_of(features=[[0.0, 0.0], [1.0, 0.0], [3.0, 4.0]], probabilities=PROBABILITIES, labelled=[0])
    assert RankedBatch().score(view)[0, 1:].tolist() == pytest.approx([0.5, 0.688889], abs=1e-6)
    assert RankedBatch().select(view, 2).tolist() == [[2, 1]]


@pytest.mark.parametrize("seed", range(10))
def test_a_batch_is_what_single_picks_give(seed):
    view = example_view(seed=seed, padding=1)
    kept, single = view, []
    for _ in range(5):
        pick = RankedBatch().select(kept, 1)
        single.append(pick)
        kept = kept.with_selected(pick[:, 0])
    assert RankedBatch().select(view, 5).equal(torch.cat(single, 1))


def test_with_nothing_known_the_least_confident_comes_first(view_of):
    view = view_of(features=[[0.0], [5.0], [9.0]], probabilities=PROBABILITIES)
    assert RankedBatch().score(view)[0].tolist() == pytest.approx([0.5, 0.75, 0.7])
    assert RankedBatch().select(view).tolist() == [[1]]
