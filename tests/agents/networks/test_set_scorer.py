"""The set-scoring network: margin's choice before training, equivariant, any number of candidates."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from alrl.agents.networks.set_scorer import SetScorer, among

MARGIN = 2

either_way = pytest.mark.parametrize("relative", [False, True])
"""Candidates as they are, and also beside each other."""


def made(seed: int = 0, *, relative: bool = False, **settings: Any) -> SetScorer:
    generator = torch.Generator().manual_seed(seed)
    return SetScorer(
        record=5, loop=3, margin_column=MARGIN, width=8, relative=relative, generator=generator, **settings
    )


def trained(seed: int = 0, *, relative: bool = False) -> SetScorer:
    network, generator = made(relative=relative), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network


def observed(candidates: int, seed: int = 0, states: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.rand(states, candidates, 5, generator=generator),
        torch.rand(states, 3, generator=generator),
        torch.ones(states, candidates, dtype=torch.bool),
    )


@either_way
@given(candidates=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_untrained_it_chooses_the_smallest_margin(relative: bool, candidates: int, seed: int) -> None:
    records, loop, mask = observed(candidates, seed)
    margin = records[..., MARGIN]
    scores = made(relative=relative)(records, loop, mask)
    assert torch.equal(scores, -4 * margin)
    assert torch.equal(scores.argmax(1), margin.argmin(1))


@either_way
@given(candidates=st.integers(2, 40), seed=st.integers(0, 1000))
def test_candidates_in_another_order_have_the_same_scores(relative: bool, candidates: int, seed: int) -> None:
    records, loop, mask = observed(candidates, seed)
    order = torch.randperm(candidates, generator=torch.Generator().manual_seed(seed))
    network = trained(seed, relative=relative)
    scores = network(records, loop, mask)
    assert torch.allclose(network(records[:, order], loop, mask), scores[:, order], rtol=1e-4, atol=1e-4)
    assert scores.std() > 0


@either_way
@pytest.mark.parametrize("candidates", [1, 2, 32, 500])
def test_the_same_weights_serve_any_number_of_candidates(relative: bool, candidates: int) -> None:
    scores = trained(relative=relative)(*observed(candidates))
    assert scores.shape == (2, candidates)
    assert scores.isfinite().all()


def test_a_candidate_is_scored_among_the_others() -> None:
    records, loop, mask = observed(4)
    other = records.clone()
    other[:, 3] = 1 - other[:, 3]
    assert not torch.allclose(trained()(records, loop, mask)[:, :3], trained()(other, loop, mask)[:, :3])


@either_way
def test_what_the_mask_hides_changes_nothing_and_is_never_chosen(relative: bool) -> None:
    network = trained(relative=relative)
    records, loop, mask = observed(4)
    hidden = mask.clone()
    hidden[:, 3] = False
    changed = records.clone()
    changed[:, 3] = 1000.0
    scores = network(changed, loop, hidden)
    assert (scores[:, 3] == -torch.inf).all()
    assert torch.allclose(scores[:, :3], network(records[:, :3], loop, mask[:, :3]), rtol=1e-4, atol=1e-5)


@either_way
def test_normalising_takes_real_candidates_alone(relative: bool) -> None:
    records, loop, mask = observed(6)
    mask[:, 5] = False
    records[:, 5] = 1e6
    network = made(relative=relative)
    network.normalise(records, loop, mask)
    assert torch.allclose(network.mean[:5], records[mask].mean(0))
    assert network.scale[:8].max() < 1
    # Beside each other the mean of a state's candidates is zero, and their deviation about one.
    assert torch.allclose(network.mean[8:], torch.zeros(len(network.mean) - 8), atol=1e-5)
    assert torch.allclose(network.scale[8:], torch.ones(len(network.scale) - 8), atol=0.1)


def test_weights_are_drawn_from_the_generator_and_nothing_else() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, again, other = made(3), made(3), made(4)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.encoder[0].weight, again.encoder[0].weight)
    assert not torch.equal(first.encoder[0].weight, other.encoder[0].weight)


def test_without_the_margin_start_another_draw_chooses_otherwise() -> None:
    records, loop, mask = observed(12, states=8)
    free = [
        SetScorer(
            record=5,
            loop=3,
            margin_column=MARGIN,
            width=8,
            margin_start=False,
            generator=torch.Generator().manual_seed(seed),
        )
        for seed in (0, 1)
    ]
    with torch.no_grad():
        first, second = (network(records, loop, mask).argmax(1) for network in free)
    smallest = records[..., MARGIN].argmin(1)
    assert not torch.equal(first, smallest)
    assert not torch.equal(first, second)
    assert torch.equal(made()(records, loop, mask).argmax(1), smallest)


@either_way
def test_what_it_is_blind_to_changes_no_score_and_stays_so_when_loaded(relative: bool) -> None:
    records, loop, mask = observed(12)
    network = made(relative=relative, margin_start=False, blind=[1, 6])
    network.normalise(records, loop, mask)
    loaded = made(relative=relative)
    loaded.load_state_dict(network.state_dict())
    changed, other = records.clone(), loop.clone()
    # Of some candidates alone: what is beside the others changes too.
    changed[:, :5, 1] = 7.0
    other[:, 1] = -7.0
    seen = records.clone()
    seen[..., 0] += 0.5
    with torch.no_grad():
        for each in (network, loaded):
            scores = each(records, loop, mask)
            assert torch.equal(each(changed, other, mask), scores)
            assert not torch.equal(each(seen, loop, mask), scores)


def test_beside_each_other_candidates_are_told_in_their_standard_deviations() -> None:
    records = torch.tensor([[[2.0, 1.0], [4.0, 1.0], [9.0, 1.0]], [[5.0, 0.0], [1.0, 2.0], [3.0, 1.0]]])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    seen = among(records, mask)
    # Deviation 1 with 1e-3 added to it; a feature that does not differ; what is no candidate.
    assert torch.allclose(seen[0], torch.tensor([[-1 / 1.001, 0.0], [1 / 1.001, 0.0], [0.0, 0.0]]))
    first, second = 2 / ((8 / 3) ** 0.5 + 1e-3), 1 / ((2 / 3) ** 0.5 + 1e-3)
    assert torch.allclose(seen[1], torch.tensor([[first, -second], [-first, second], [0.0, 0.0]]))


def test_one_that_stands_out_is_told_as_four_deviations_at_most() -> None:
    records = torch.zeros(1, 50, 1)
    records[0, 7] = 1.0
    seen = among(records, torch.ones(1, 50, dtype=torch.bool))
    # It is 6.95 of them away.
    assert seen[0, 7] == 4.0
    assert torch.allclose(seen[0, 0], torch.tensor([-0.02 / (0.14 + 1e-3)]))


def test_features_that_hardly_differ_are_not_blown_up() -> None:
    records = 0.5 + torch.tensor([[[1e-6], [-1e-6]]])
    assert among(records, torch.ones(1, 2, dtype=torch.bool)).abs().max() < 2e-3


def test_beside_each_other_what_all_have_in_common_does_not_show() -> None:
    records, _, mask = observed(9)
    torch.testing.assert_close(among(records + 0.25, mask), among(records, mask), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(among(records * 2, mask), among(records + records[:, :1], mask))


def test_a_network_says_whether_it_sees_candidates_beside_each_other() -> None:
    assert made().described == {"kind": "set-scorer", "width": 8}
    assert made(relative=True).described == {"kind": "set-scorer", "width": 8, "relative": True}
