"""Distances in compiled passes are Euclidean, tell duplicates, and know nothing of padding."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.geometry.compiled_geometry import nearest_listed
from alrl.geometry.distances import distance_between
from alrl.geometry.geometry import Geometry


def pool(N, D, seed):
    """Two pools, the second of three records fewer, with duplicates."""
    X = torch.randn(2, N, D, generator=torch.Generator().manual_seed(seed))
    X[:, N // 2] = X[:, 0]
    exists = torch.ones(2, N, dtype=torch.bool)
    exists[1, -3:], X[1, -3:] = False, 0.0
    return X, exists


@given(st.integers(8, 30), st.integers(1, 20), st.integers(0, 99))
def test_distances_to_what_is_known_are_euclidean_and_only_fall(N, D, seed):
    X, exists = pool(N, D, seed)
    geometry, known = Geometry(X, exists), torch.zeros(2, N, dtype=torch.bool)
    assert geometry.distance_to(known).isinf().all()
    before = geometry.distance_to(known)
    for place in (0, 1, N - 4):
        known = known.clone()
        known[:, place] = True
        now = geometry.distance_to(known)
        expected = distance_between(X, X).masked_fill(~known[:, None], torch.inf).amin(-1)
        assert torch.allclose(now, expected, atol=1e-5)
        assert (now <= before).all()
        assert (now[:, N // 2] == 0).all()
        before = now


def test_an_answer_that_was_given_stays_as_it_was():
    X, exists = pool(9, 3, 0)
    geometry, known = Geometry(X, exists), torch.zeros(2, 9, dtype=torch.bool)
    known[:, 1] = True
    given_before = geometry.distance_to(known)
    kept = given_before.clone()
    geometry.distance_to(known | torch.arange(9).eq(2))
    assert given_before.equal(kept)


@given(st.integers(8, 30), st.integers(1, 20), st.integers(0, 99))
def test_neighbours_are_those_of_all_distances(N, D, seed):
    X, exists = pool(N, D, seed)
    distance, index = Geometry(X, exists).neighbours
    everything = distance_between(X, X).masked_fill(~exists[:, None], torch.inf)
    everything.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    for b in range(2):
        count = min(distance.shape[2], int(exists[b].sum()) - 1)
        expected = everything[b].sort(1).values[:, :count]
        assert torch.allclose(distance[b, :, :count], expected, atol=1e-5)
        assert torch.allclose(everything[b].gather(1, index[b, :, :count]), expected, atol=1e-5)
        assert (distance[b, exists[b], count:] == 0).all()


def test_padding_changes_no_bit():
    X, exists = pool(20, 7, 1)
    pad = torch.nn.functional.pad
    plain, wide = Geometry(X, exists), Geometry(pad(X, (0, 3, 0, 5)), pad(exists, (0, 5)))
    assert wide.neighbours[0][:, :20].equal(plain.neighbours[0])
    assert wide.neighbours[1][0, :20].equal(plain.neighbours[1][0])
    known = torch.arange(20).eq(4)[None].expand(2, -1)
    assert wide.distance_to(pad(known, (0, 5)))[:, :20].equal(plain.distance_to(known))


def test_of_equal_distances_the_record_held_first_is_nearer():
    features = np.array([[[0.0], [1.0], [-1.0], [1.0], [3.0]]], np.float32)
    place, result = np.empty((1, 1, 3), np.int64), np.empty((1, 1, 3), bool)
    kept, real = np.array([[3, 2, 1, 4]]), np.array([[True, True, True, True]])
    nearest_listed(features, np.array([[0]]), kept, real, place, result)
    assert place.tolist() == [[[0, 1, 2]]]
    real[0, 1:] = False
    nearest_listed(features, np.array([[0]]), kept, real, place, result)
    assert result.tolist() == [[[True, False, False]]]
    assert place[0, 0, 0] == 0


@given(st.integers(8, 30), st.integers(1, 20), st.integers(0, 99))
def test_the_nearest_labelled_that_are_brought_up_to_date_are_those_measured_anew(N, D, seed):
    X, exists = pool(N, D, seed)
    followed, generator = Geometry(X, exists).nearest_labelled, torch.Generator().manual_seed(seed)
    order = torch.stack([torch.randperm(N, generator=generator) for _ in range(2)])
    index = torch.randint(N, (2, 6), generator=generator)
    # The second pool has a label fewer; in the fourth round it begins again, and in the last the first one does.
    for size, shift in ((3, 0), (4, 0), (N - 1, 0), (N - 1, 1), (5, 1)):
        listed = torch.stack([order[0][:size], order[1].roll(shift)[:size]])
        real = torch.arange(size) < torch.tensor([[size], [size - 1]])
        place, present = followed.of(index, listed, real)
        anew = (torch.empty_like(place), torch.empty_like(present))
        nearest_listed(*(part.numpy() for part in (X, index, listed, real, *anew)))
        assert present.equal(anew[1])
        assert place.where(present, 0).equal(anew[0].where(present, 0))
        followed._spent += 10_000
    assert followed._followed is not None
