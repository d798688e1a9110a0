"""What is said of some records, in compiled passes, is what the plain way says."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.metadata.pick import _FEW, _rank, columns, pick, pick_each, rank


def pools(B, N, seed, levels=5):
    """Values of few levels, so that ties are the rule, records among which they are ranked, and some positions."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(levels, (B, N), generator=generator) / levels
    among = torch.rand(B, N, generator=generator) < 0.7
    return values, among, torch.randint(N, (B, 6), generator=generator)


@given(st.integers(1, 3), st.integers(1, 40), st.integers(0, 99), st.sampled_from([0.0, 1e-6, 0.25]))
def test_ranks_are_those_of_a_sort(B, N, seed, tie):
    values, among, index = pools(B, N, seed)
    other = values.square()
    ranked = rank(index, among, values, other, tie=tie)
    assert ranked.shape == (B, 6, 2)
    assert torch.allclose(ranked[..., 0], _rank(index, among, values, tie))
    assert torch.allclose(ranked[..., 1], _rank(index, among, other, tie))


def test_many_candidates_are_ranked_by_a_sort():
    values, among, _ = pools(2, 50, 0)
    index = torch.arange(_FEW + 1)[None].expand(2, -1) % 50
    assert torch.allclose(rank(index, among, values)[:, :5], rank(index[:, :5], among, values))


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
@pytest.mark.parametrize("shape", [(3, 7), (3, 7, 4)])
@pytest.mark.parametrize("wanted", [(3, 5), (3, 5, 2)])
def test_entries_are_those_of_plain_indexing(dtype, shape, wanted):
    generator = torch.Generator().manual_seed(0)
    values = (10 * torch.rand(shape, generator=generator)).to(dtype)
    index = torch.randint(7, wanted, generator=generator)
    expected = torch.stack([values[b][index[b]] for b in range(3)])
    assert pick(values, index).equal(expected)
    by_class = values.transpose(1, -1).contiguous().transpose(1, -1)
    assert pick(by_class, index).equal(expected)


def test_several_values_are_picked_side_by_side():
    values, _, index = pools(2, 9, 3)
    probabilities = torch.rand(2, 3, 9).transpose(1, 2)
    assert columns(index, values, 2 * values).equal(torch.stack([pick(values, index), pick(2 * values, index)], -1))
    both = pick_each((probabilities, 1 - probabilities), index)
    assert both.equal(torch.stack([pick(probabilities, index), pick(1 - probabilities, index)]))
