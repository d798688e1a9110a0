from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.geometry.geometry import Geometry
from alrl.metadata.neighbours import nearest_others
from alrl.numerics.backend import portable


def pools(seed, B=2, N=14, levels=3):
    """Records of few different features, so that many are at equal distance, and the last is padding."""
    generator = torch.Generator().manual_seed(seed)
    space = torch.randint(levels, (B, N, 2), generator=generator).float()
    real = torch.arange(N).expand(B, N) < torch.tensor([[N], [N - 1]])
    return space, torch.randint(N - 1, (B, 5), generator=generator), torch.arange(N).expand(B, N), real


@given(st.integers(0, 99), st.integers(1, 20))
def test_torch_and_the_compiled_pass_find_the_same(seed, count):
    space, index, kept, real = pools(seed)
    place, result = nearest_others(space, index, kept, real, count)
    with portable():
        other, there = nearest_others(space, index, kept, real, count)
    assert result.equal(there)
    assert place.masked_fill(~result, -1).equal(other.masked_fill(~there, -1))


@given(st.integers(0, 99))
def test_no_record_is_a_neighbour_of_itself_however_many_duplicates_it_has(seed):
    space, index, kept, real = pools(seed, levels=1)
    place, result = nearest_others(space, index, kept, real, 4)
    assert bool(result.all())
    assert not (place == index[..., None]).any()


def test_neighbours_are_those_of_the_whole_geometry():
    generator = torch.Generator().manual_seed(0)
    space, index = torch.rand(2, 30, 5, generator=generator), torch.randint(30, (2, 9), generator=generator)
    everyone = torch.arange(30).expand(2, 30)
    place, _ = nearest_others(space, index, everyone, everyone >= 0, 10)
    whole = Geometry(space, everyone >= 0).neighbours[1]
    assert place.equal(torch.stack([whole[b][index[b]] for b in range(2)]))


def test_the_result_does_not_depend_on_how_many_distances_are_held_at_once(monkeypatch):
    space, index, kept, real = pools(3)
    with portable():
        whole = nearest_others(space, index, kept, real, 4)
        monkeypatch.setattr("alrl.metadata.neighbours._BLOCK", 30)
        parts = nearest_others(space, index, kept, real, 4)
    assert all(a.equal(b) for a, b in zip(parts, whole, strict=True))


def test_nobody_is_near_where_nobody_is_held():
    space, index, kept, real = pools(0)
    place, result = nearest_others(space, index, kept[:, :0], real[:, :0], 3)
    assert place.shape == result.shape == (2, 5, 0)
    with portable():
        assert nearest_others(space, index, kept[:, :0], real[:, :0], 3)[0].shape == (2, 5, 0)
