"""Pools of too many records for all pairs of them; the limit is lowered so that the exact answer is at hand."""

from __future__ import annotations

import pytest
import torch

from alrl.geometry import geometry, neighbour_index
from alrl.geometry.geometry import Geometry

SIZES = (2000, 18, 1, 900)


@pytest.fixture
def limited(monkeypatch):
    for module in (geometry, neighbour_index):
        monkeypatch.setattr(module, "EXACT_RECORDS", 1000)


@pytest.fixture(scope="module")
def exact(pools):
    pool = Geometry(*pools)
    assert not pool._large.any()
    return {name: getattr(pool, name) for name in ("neighbours", "neighbour_mask", "sparsity", "similarity")}


def test_neighbours_of_a_large_pool_are_nearly_all_found(pools, exact, limited):
    distance, index = Geometry(*pools).neighbours
    result = (exact["neighbours"][1][0, :, :, None] == index[0, :, None]).any(-1)
    assert result.float().mean() > 0.97
    assert (distance[0] >= exact["neighbours"][0][0] - 1e-5).all()
    assert (distance[0].diff(dim=1) >= 0).all()
    assert (index[0] != torch.arange(2000)[:, None]).all()


def test_small_pools_beside_a_large_one_stay_exact_to_the_bit(pools, exact, limited):
    beside = Geometry(*pools)
    for episode, size in enumerate(SIZES):
        if size < 1000:
            real = exact["neighbour_mask"][episode]
            for kept, new in zip(exact["neighbours"], beside.neighbours, strict=True):
                assert kept[episode, :size][:, real].equal(new[episode, :size][:, real])
            assert beside.sparsity[episode, :size].equal(exact["sparsity"][episode, :size])
            torch.testing.assert_close(
                beside.similarity[episode, :size], exact["similarity"][episode, :size], rtol=0, atol=1e-6
            )


def test_a_large_pool_is_the_same_alone_and_padded(pools, limited):
    X, exists = pools
    padded = torch.nn.functional.pad(X[:1], (0, 5, 0, 40)), torch.nn.functional.pad(exists[:1], (0, 40))
    together, alone, wide = Geometry(X, exists), Geometry(X[:1], exists[:1]), Geometry(*padded)
    for other in (alone, wide):
        for one, same in zip(together.neighbours, other.neighbours, strict=True):
            assert one[0].equal(same[0, :2000])
        assert together.similarity[0].equal(other.similarity[0, :2000])


def test_similarity_is_estimated_to_a_hundredth(pools, exact, limited):
    error = (Geometry(*pools).similarity[0] - exact["similarity"][0]).abs()
    assert 0 < error.max() < 0.01


def test_a_pool_that_grows_large_by_renewal_is_treated_as_one(pools, limited):
    X, exists = (each[[3, 1]].clone() for each in pools)
    pool = Geometry(X, exists)
    assert pool.neighbours[0].shape == (2, 2000, 10)
    X[1], exists[1] = pools[0][0], pools[1][0]
    pool.renew(torch.tensor([1]))
    assert pool.neighbours[1][1].equal(Geometry(pools[0][:1], pools[1][:1]).neighbours[1][0])
    assert pool._large.tolist() == [False, True]
