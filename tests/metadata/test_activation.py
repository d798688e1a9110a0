from __future__ import annotations

import math

import pytest
import torch

from alrl.metadata.activation import embedding_shift

LINE = [[0.0], [1.0], [2.0], [3.0]]


def test_nothing_has_changed_in_the_first_loop(view_of, features_of):
    seen = features_of(view_of(features=[0.0] * 4, embedding=LINE))
    for name in ("embedding-shift", "embedding-turn", "neighbours-changed", "neighbours-shift"):
        assert seen[name] == [0] * 4
    assert seen["embedding-shift-rank"] == [0.5] * 4


def test_shift_is_against_the_distance_between_records(view_of, features_of):
    moved = [[0.0], [1.0], [2.0], [5.0]]
    seen = features_of(view_of(features=[0.0] * 4, embedding=moved, earlier=LINE))
    # Root mean squared distances: √(2 · 1.25) before, √(2 · 3.5) now; the root of their mean square.
    scale = math.sqrt((2.5 + 7) / 2)
    assert seen["embedding-shift"] == pytest.approx([0, 0, 0, 2 / (2 + scale)])
    assert seen["embedding-shift-rank"] == pytest.approx([0.375, 0.375, 0.375, 0.875])
    assert seen["neighbours-shift"] == pytest.approx([2 / (2 + scale) / 3] * 3 + [0])


def test_turns(view_of, features_of):
    earlier = [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    now = [[0.0, 3.0], [-2.0, 0.0], [4.0, 0.0], [1.0, 0.0]]
    seen = features_of(view_of(features=[0.0] * 4, embedding=now, earlier=earlier))
    assert seen["embedding-turn"] == pytest.approx([0.5, 1, 0, 0])


def test_the_scale_of_the_embedding_does_not_matter(view_of, features_of):
    now, earlier = [[0.5], [1.0], [2.0], [5.0]], LINE
    here = features_of(view_of(features=[0.0] * 4, embedding=now, earlier=earlier))
    there = view_of(
        features=[0.0] * 4,
        embedding=[[x * 1024] * 4 for (x,) in now],
        earlier=[[x * 1024] * 4 for (x,) in earlier],
    )
    for name in ("embedding-shift", "embedding-shift-rank", "neighbours-changed", "neighbours-shift"):
        assert features_of(there)[name] == pytest.approx(here[name], abs=1e-6)


def test_neighbours_that_came_and_went(view_of, features_of):
    # Record 0 lay among 1 to 10 and now lies among 10 to 19: one of its ten neighbours is one of before.
    line = [[float(n)] for n in range(20)]
    now = [[14.4], *line[1:]]
    seen = features_of(view_of(features=[0.0] * 20, embedding=now, earlier=line))
    assert seen["neighbours-changed"][0] == pytest.approx(0.9)


def test_every_other_record_is_a_neighbour_in_a_small_pool(view_of, features_of):
    seen = features_of(view_of(features=[0.0] * 4, embedding=[[9.0], [1.0], [2.0], [3.0]], earlier=LINE))
    assert seen["neighbours-changed"] == [0] * 4
    alone = features_of(view_of(features=[0.0], embedding=[[9.0]], earlier=[[1.0]]))
    assert alone["neighbours-changed"] == alone["neighbours-shift"] == [0]
    assert alone["embedding-shift"] == [1]


def test_one_place_that_all_left_together():
    space = torch.ones(1, 3, 2)
    assert embedding_shift(space + 1, space, torch.zeros(2, 1)).tolist() == [[1] * 3]
