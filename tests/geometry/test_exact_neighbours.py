"""Neighbours looked up in pools of too many records; the limit is lowered so that all neighbours are at hand too."""

from __future__ import annotations

import pytest
import torch

from alrl.geometry import exact_neighbours, geometry, neighbour_index
from alrl.geometry.geometry import Geometry

SIZES = (2003, 18, 1, 900)


@pytest.fixture(scope="module")
def exact(pools):
    pool = Geometry(*pools)
    assert not pool._large.any()
    return {"neighbours": pool.neighbours, "sparsity": pool.sparsity}


@pytest.fixture
def limited(monkeypatch):
    """Pools of more than 1000 records are large, and nobody looks up the neighbours of all."""
    monkeypatch.setattr(geometry, "EXACT_RECORDS", 1000)
    monkeypatch.setattr(exact_neighbours, "_SAMPLE", 200)
    monkeypatch.setattr(neighbour_index, "indexed_neighbours", None)


@pytest.fixture
def some(pools):
    """A few records of each pool, the last ones among them."""
    return torch.stack(
        [torch.cat([torch.arange(0, size, 1 + size // 40), torch.full((60,), size - 1)])[:60] for size in SIZES]
    )


def at(values, index):
    return torch.stack([row[places] for row, places in zip(values, index, strict=True)])


def test_what_is_asked_for_is_exact(pools, exact, some, limited):
    pool = Geometry(*pools)
    for result, true in zip(pool.neighbours_at(some), exact["neighbours"], strict=True):
        torch.testing.assert_close(at(result, some)[0], at(true, some)[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(at(pool.sparsity_at(some), some)[0], at(exact["sparsity"], some)[0], rtol=1e-5, atol=0)


def test_small_pools_beside_a_large_one_are_what_they_are_alone_to_the_bit(pools, exact, some, limited):
    pool = Geometry(*pools)
    mask = pool.neighbour_mask[:, None]
    for result, true in zip(pool.neighbours_at(some), exact["neighbours"], strict=True):
        assert (at(result, some) * mask)[1:].equal((at(true, some) * mask)[1:])
    assert at(pool.sparsity_at(some), some)[1:].equal(at(exact["sparsity"], some)[1:])


def test_pools_within_the_limit_have_the_neighbours_and_the_sparsity_of_all(pools, some):
    pool = Geometry(*pools)
    assert all(result is kept for result, kept in zip(pool.neighbours_at(some), pool.neighbours, strict=True))
    assert pool.sparsity_at(some) is pool.sparsity
    assert pool.sampled.equal(pool.exists)


def test_it_makes_no_difference_in_whose_company_a_record_is_looked_up(pools, some, limited):
    X, exists = pools
    padded = torch.nn.functional.pad(X[:1], (0, 5, 0, 40)), torch.nn.functional.pad(exists[:1], (0, 40))
    together, wide, one_by_one = Geometry(X, exists), Geometry(*padded), Geometry(X[:1], exists[:1])
    for place in some[0]:
        one_by_one.neighbours_at(place[None, None])
    for other in (wide, one_by_one):
        for one, same in zip(together.neighbours_at(some), other.neighbours_at(some[:1]), strict=True):
            assert at(one, some)[0].equal(at(same, some[:1])[0])
        assert at(together.sparsity_at(some), some)[0].equal(at(other.sparsity_at(some[:1]), some[:1])[0])


def test_the_sample_stands_for_large_pools_alone(pools, limited):
    pool = Geometry(*pools)
    assert pool.sampled.sum(1).tolist() == [200, *SIZES[1:]]
    assert not (pool.sampled & ~pool.exists).any()
    assert pool.sampled.equal(Geometry(*pools).sampled)


def test_the_sample_is_as_sparse_as_the_pool(pools, exact, limited):
    pool = Geometry(*pools)
    sparsity, sample = pool.sparsity_at(torch.zeros(4, 1, dtype=torch.long))[0], pool.sampled[0]
    true, points = exact["sparsity"][0], torch.linspace(0.1, 0.9, 9)
    torch.testing.assert_close(sparsity[sample], true[sample], rtol=1e-5, atol=0)
    below = (sparsity[sample][:, None] < true.quantile(points)).float().mean(0)
    # Two hundred records: a share of one half has a standard error of 3.5 points.
    assert 0 < (below - points).abs().max() < 0.1


def test_copies_of_a_record_lie_at_distance_zero_and_are_never_itself(limited):
    X = torch.randn(60, 5, generator=torch.Generator().manual_seed(1)).repeat(20, 1)[None]
    everyone = torch.arange(1200)
    distance, index = Geometry(X, torch.ones(1, 1200, dtype=torch.bool)).neighbours_at(everyone[None])
    assert not distance.any()
    assert (index[0] != everyone[:, None]).all()
    assert (index[0] % 60 == everyone[:, None] % 60).all()
    assert (index[0].diff(dim=1) > 0).all()


def test_of_equal_distances_the_first_record_comes_first(limited):
    X = torch.arange(1500.0)[None, :, None]
    distance, index = Geometry(X, torch.ones(1, 1500, dtype=torch.bool)).neighbours_at(torch.tensor([[700, 0]]))
    assert index[0, 700].tolist() == [699, 701, 698, 702, 697, 703, 696, 704, 695, 705]
    assert distance[0, 700].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert index[0, 0].tolist() == list(range(1, 11))


@pytest.mark.parametrize("width", [1, 4000])
def test_any_number_of_features(width, limited):
    X = torch.zeros(1, 1100, width)
    X[0, :, -1] = torch.arange(1100.0).square()
    distance, index = Geometry(X, torch.ones(1, 1100, dtype=torch.bool)).neighbours_at(torch.tensor([[3, 1000]]))
    assert index[0, 3, :3].tolist() == [2, 4, 1]
    assert index[0, 1000].tolist() == [999, 1001, 998, 1002, 997, 1003, 996, 1004, 995, 1005]
    assert distance[0, 3, :3].tolist() == [5, 7, 8]


def test_what_is_known_goes_along_and_new_pools_are_looked_up_anew(pools, some, limited):
    X, exists = (each.clone() for each in pools)
    pool = Geometry(X, exists)
    pool.sparsity_at(some)
    taken = pool.take(torch.tensor([0, 0, 3]))
    assert taken.sparsity_at(some[[0, 0, 3]]).equal(pool.sparsity_at(some)[[0, 0, 3]])
    assert taken.sampled.equal(pool.sampled[[0, 0, 3]])
    before = pool.sparsity_at(some)[0].clone()
    X[[0, 3]], exists[[0, 3]] = X[[3, 0]], exists[[3, 0]]
    pool.renew(torch.tensor([0, 3]))
    fresh, turned = Geometry(X, exists), some[[3, 1, 2, 0]]
    assert pool.sampled.equal(fresh.sampled)
    for kept, new in zip(pool.neighbours_at(turned), fresh.neighbours_at(turned), strict=True):
        assert at(kept, turned).equal(at(new, turned))
    assert at(pool.sparsity_at(turned), turned).equal(at(fresh.sparsity_at(turned), turned))
    assert taken.sparsity_at(some[[0, 0, 3]])[0].equal(before)
