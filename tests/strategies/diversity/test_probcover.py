from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from alrl.errors import InvalidRecipeError
from alrl.strategies.diversity.probcover import ProbCover, pure_radius
from alrl.testing.example_view import example_view

LINE = [[0.0], [0.1], [0.2], [5.0], [5.1], [9.0]]


def test_known_picks(view_of):
    # Of 5 and 5.1, which cover each other, the noise decides.
    view = view_of(features=LINE, noise=[0.1, 0.2, 0.3, 0.9, 0.5, 0.4])
    assert ProbCover(delta=0.11).score(view).tolist() == [[2, 3, 2, 2, 2, 1]]
    assert ProbCover(delta=0.11).select(view, 3).tolist() == [[1, 3, 5]]


def test_the_tail_of_the_pool_is_not_dropped():
    # A ball of many records at the very end of a pool whose size is no multiple of anything.
    X = torch.cat([torch.arange(4098.0) * 10, torch.full((5,), 1e6)])[None, :, None]
    view = dataclasses.replace(example_view(records=(4103,), features=(1,), labelled=(0,)), embedding=X)
    assert ProbCover(delta=1.0, candidates=5000).score(view)[0, -5:].tolist() == [5] * 5
    assert int(ProbCover(delta=1.0, candidates=5000).select(view)) >= 4098


def test_what_a_labelled_record_covers_counts_no_more(view_of):
    view = view_of(features=LINE, labelled=[0])
    assert ProbCover(delta=0.11).score(view)[0, 1:].tolist() == [1, 1, 2, 2, 1]


def covered_greedily(X, known, available, radius, noise, count):
    """Maximum coverage as it is written down, with the whole graph at hand."""
    near = np.sqrt(((X[:, None] - X[None]) ** 2).sum(-1)) <= radius
    uncovered = ~near[known].any(0)
    left, picks = set(available), []
    while left and len(picks) < count:
        best = max(left, key=lambda i: ((near[i] & uncovered).sum(), noise[i]))
        picks.append(best)
        left.remove(best)
        uncovered &= ~near[best]
    return picks + [-1] * (count - len(picks))


@pytest.mark.parametrize("radius", [0.4, 0.8, 1.3])
def test_agrees_with_brute_force(radius):
    for seed in range(10):
        view = example_view(seed=seed, records=(15, 12), labelled=(3, 0), padding=seed % 2)
        picks = ProbCover(delta=radius).select(view, 6)
        for episode, size in enumerate((15, 12)):
            expected = covered_greedily(
                view.embedding[episode, :size].double().numpy(),
                view.labelled[episode, :size].nonzero()[:, 0].tolist(),
                view.available[episode, :size].nonzero()[:, 0].tolist(),
                radius,
                view.noise[episode].tolist(),
                6,
            )
            assert picks[episode].tolist() == expected


def test_the_radius_keeps_the_share_of_balls_pure(view_of):
    view = view_of(features=[[0.0], [1.0], [2.0], [10.0], [11.0], [13.0]], probabilities=[[0.5, 0.5]] * 6)
    # Two clusters; the nearest record of the other one lies 10, 9, 8, 8, 9 and 11 away.
    for purity, radius in ((1.0, 8), (0.95, 8), (0.66, 9), (0.33, 10), (0.1, 11)):
        assert pure_radius(view, view.embedding, purity)[0] == pytest.approx(radius, rel=1e-5)
    assert ProbCover().score(view).tolist() == [[3] * 6]


def test_where_all_is_covered_records_are_random(view_of):
    view = view_of(features=[[0.0], [0.1], [0.2], [0.05]], labelled=[1], noise=[0.2, 0.9, 0.7, 0.4])
    assert ProbCover(delta=1.0).select(view, 3).tolist() == [[2, 3, 0]]


def test_of_a_larger_pool_so_many_are_candidates():
    view = example_view(records=(30,), labelled=(0,))
    assert int((ProbCover(delta=0.5, candidates=7).score(view) > 0).sum()) == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"delta": -1.0}, "delta = -1.0 given"),
        ({"delta": float("inf")}, "delta = inf given"),
        ({"purity": 0.0}, "purity = 0.0 given; it must be above 0 and at most 1"),
        ({"candidates": 0}, "candidates = 0 given; give at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        ProbCover(**settings)
