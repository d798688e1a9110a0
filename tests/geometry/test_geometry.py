from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.geometry import geometry as module
from alrl.geometry.distances import NEIGHBOURS
from alrl.geometry.geometry import Geometry


def random_pools(seed, sizes=(30, 18, 5), features=6):
    random = torch.Generator().manual_seed(seed)
    exists = torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]
    X = torch.randn(len(sizes), max(sizes), features, generator=random) * exists[..., None]
    return X, exists


def distances(X):
    X = X.double().numpy()
    return np.sqrt(((X[:, None] - X[None]) ** 2).sum(-1))


def line(*points):
    return Geometry(torch.tensor(points)[None, :, None], torch.ones(1, len(points), dtype=torch.bool))


def mark(*positions, size):
    marked = torch.zeros(1, size, dtype=torch.bool)
    marked[0, list(positions)] = True
    return marked


@given(st.integers(0, 10_000), st.integers(0, 4))
def test_distances_agree_with_brute_force(seed, marked):
    X, exists = random_pools(seed)
    geometry = Geometry(X, exists)
    known = torch.zeros_like(exists)
    known[:, :marked] = True
    given_distance = geometry.distance_to(known)
    for episode, size in enumerate((30, 18, 5)):
        full = distances(X[episode, :size])
        expected = full[:, :marked].min(1) if marked else np.full(size, np.inf)
        np.testing.assert_allclose(given_distance[episode, :size], expected, atol=1e-5)
        index = torch.tensor([[0, 3], [1, 1], [4, 2]])
        np.testing.assert_allclose(
            geometry.distance_from(index)[episode, :size], full[:, index[episode].numpy()], atol=1e-5
        )


@given(st.data())
def test_distances_brought_up_to_date_are_those_measured_anew(data):
    X, exists = random_pools(7)
    geometry = Geometry(X, exists)
    for _ in range(data.draw(st.integers(1, 5))):
        bits = data.draw(st.lists(st.booleans(), min_size=exists.numel(), max_size=exists.numel()))
        known = torch.tensor(bits).view_as(exists) & exists
        assert geometry.distance_to(known).equal(Geometry(X, exists).distance_to(known))


def test_an_answer_given_earlier_does_not_change_when_records_are_forgotten():
    geometry = line(0.0, 1.0, 3.0, 7.0)
    answer = geometry.distance_to(mark(0, size=4))
    geometry.distance_to(mark(3, size=4))
    geometry.distance_to(mark(size=4))
    assert answer.tolist() == [[0, 1, 3, 7]]


def test_with_nothing_known_every_distance_is_infinite():
    assert line(0.0, 1.0).distance_to(mark(size=2)).tolist() == [[torch.inf, torch.inf]]


def test_duplicates_are_at_distance_zero_wherever_they_lie():
    X = torch.full((1, 50, 100), 1234.5) + torch.linspace(0, 7, 100)
    geometry = Geometry(X, torch.ones(1, 50, dtype=torch.bool))
    assert not geometry.distance_from(torch.tensor([[0, 49]])).any()
    assert not geometry.neighbours[0].any()
    assert geometry.similarity.tolist() == [[1.0] * 50]


def test_an_episode_is_measured_alone_as_among_others_bit_for_bit():
    X, exists = random_pools(1, sizes=(40, 40, 40, 40), features=37)
    known = torch.zeros_like(exists)
    known[:, :7] = True
    many, one = Geometry(X, exists), Geometry(X[2:3], exists[2:3])
    assert many.distance_to(known)[2:3].equal(one.distance_to(known[2:3]))
    assert many.neighbours[0][2:3].equal(one.neighbours[0])
    assert many.similarity[2:3].equal(one.similarity)


def test_neighbours_agree_with_brute_force_and_leave_out_the_record_itself():
    X, exists = random_pools(3)
    distance, index = Geometry(X, exists).neighbours
    for episode, size in enumerate((30, 18)):
        full = distances(X[episode, :size])
        np.fill_diagonal(full, np.inf)
        np.testing.assert_allclose(distance[episode, :size], np.sort(full, 1)[:, :NEIGHBOURS], atol=1e-5)
        np.testing.assert_array_equal(index[episode, :size], np.argsort(full, 1)[:, :NEIGHBOURS])


def test_a_pool_of_few_records_has_zeros_for_the_neighbours_that_it_lacks():
    X, exists = random_pools(3)
    distance, index = Geometry(X, exists).neighbours
    assert (distance[2, :5, :4] > 0).all()
    assert (index[2, :5, :4] < 5).all()
    assert not distance[2, :5, 4:].any()


@pytest.mark.parametrize(("records", "width"), [(1, 0), (2, 1), (5, 4), (11, 10), (20, 10)])
def test_a_record_has_ten_neighbours_or_all_the_others(records, width):
    assert line(*map(float, range(records))).neighbours[0].shape == (1, records, width)


def test_known_similarities():
    points = torch.tensor([[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [5.0, 5.0], [0.0, 0.0]]])
    exists = torch.tensor([[True, True, True, True, False]])
    similarity = Geometry(points, exists).similarity[0, :4].tolist()
    assert similarity == pytest.approx([0.53097484, 0.51232292, 0.51232292, 0.34851389], abs=5e-8)


def test_known_extent():
    points = torch.tensor([[[0.0], [2.0], [9.0]]])
    exists = torch.tensor([[True, True, False]])
    # Two records two apart: the mean over all four ordered pairs of the squared distance is 2.
    assert Geometry(points, exists).extent.tolist() == pytest.approx([2**0.5])


def test_block_size_changes_nothing(monkeypatch):
    X, exists = random_pools(5)
    known = torch.zeros_like(exists)
    known[:, :5] = True
    whole = Geometry(X, exists)
    expected = whole.distance_to(known), *whole.neighbours, whole.similarity
    monkeypatch.setattr(module, "_BLOCK", 4 * exists.numel())
    parts = Geometry(X, exists)
    for got, want in zip((parts.distance_to(known), *parts.neighbours, parts.similarity), expected, strict=True):
        assert got.equal(want)


def test_no_more_distances_than_a_block_are_held_at_once(monkeypatch):
    kept = []
    measure = torch.cdist

    def watched(*arguments, **settings):
        result = measure(*arguments, **settings)
        kept.append(result.numel())
        return result

    monkeypatch.setattr(torch, "cdist", watched)
    monkeypatch.setattr(module, "_BLOCK", 500)
    X, exists = random_pools(5)
    geometry = Geometry(X, exists)
    geometry.distance_to(exists)
    assert geometry.neighbours[0].shape == (3, 30, 10)
    assert geometry.similarity.shape == (3, 30)
    assert max(kept) <= 500


def test_a_renewed_episode_is_measured_anew_and_the_others_stay():
    X, exists = random_pools(2)
    geometry = Geometry(X, exists)
    known = torch.zeros_like(exists)
    known[:, :3] = True
    geometry.distance_to(known)
    assert geometry.neighbours[0].any()
    assert geometry.similarity.any()
    assert geometry.extent.any()
    other, other_exists = random_pools(9, sizes=(30, 22, 30))
    X[1], exists[1] = other[1], other_exists[1]
    geometry.renew(torch.tensor([1]))
    fresh = Geometry(X, exists)
    assert geometry.distance_to(known).equal(fresh.distance_to(known))
    assert geometry.neighbours[0].equal(fresh.neighbours[0])
    assert geometry.neighbours[1][exists].equal(fresh.neighbours[1][exists])
    assert geometry.similarity.equal(fresh.similarity)
    assert geometry.extent.equal(fresh.extent)
