"""The set-scoring network: margin's choice before training, equivariant, any number of candidates."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from alrl.agents.network import SetScorer

MARGIN = 2


def made(seed: int = 0) -> SetScorer:
    return SetScorer(record=5, loop=3, margin_column=MARGIN, width=8, generator=torch.Generator().manual_seed(seed))


def trained(seed: int = 0) -> SetScorer:
    network, generator = made(), torch.Generator().manual_seed(seed)
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


@given(candidates=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_untrained_it_chooses_the_smallest_margin(candidates: int, seed: int) -> None:
    records, loop, mask = observed(candidates, seed)
    margin = records[..., MARGIN]
    scores = made()(records, loop, mask)
    assert torch.equal(scores, -4 * margin)
    assert torch.equal(scores.argmax(1), margin.argmin(1))


@given(candidates=st.integers(2, 40), seed=st.integers(0, 1000))
def test_candidates_in_another_order_have_the_same_scores(candidates: int, seed: int) -> None:
    records, loop, mask = observed(candidates, seed)
    order = torch.randperm(candidates, generator=torch.Generator().manual_seed(seed))
    network = trained(seed)
    scores = network(records, loop, mask)
    assert torch.allclose(network(records[:, order], loop, mask), scores[:, order], rtol=1e-4, atol=1e-4)
    assert scores.std() > 0


@pytest.mark.parametrize("candidates", [1, 2, 32, 500])
def test_the_same_weights_serve_any_number_of_candidates(candidates: int) -> None:
    scores = trained()(*observed(candidates))
    assert scores.shape == (2, candidates)
    assert scores.isfinite().all()


def test_a_candidate_is_scored_among_the_others() -> None:
    records, loop, mask = observed(4)
    other = records.clone()
    other[:, 3] = 1 - other[:, 3]
    assert not torch.allclose(trained()(records, loop, mask)[:, :3], trained()(other, loop, mask)[:, :3])


def test_what_the_mask_hides_changes_nothing_and_is_never_chosen() -> None:
    records, loop, mask = observed(4)
    hidden = mask.clone()
    hidden[:, 3] = False
    changed = records.clone()
    changed[:, 3] = 1000.0
    scores = trained()(changed, loop, hidden)
    assert (scores[:, 3] == -torch.inf).all()
    assert torch.allclose(scores[:, :3], trained()(records[:, :3], loop, mask[:, :3]), rtol=1e-4, atol=1e-5)


def test_normalising_takes_real_candidates_alone() -> None:
    records, loop, mask = observed(6)
    mask[:, 5] = False
    records[:, 5] = 1e6
    network = made()
    network.normalise(records, loop, mask)
    assert torch.allclose(network.mean[:5], records[mask].mean(0))
    assert network.scale.max() < 1


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


def test_what_it_is_blind_to_changes_no_score_and_stays_so_when_loaded() -> None:
    records, loop, mask = observed(12)
    network = SetScorer(record=5, loop=3, margin_column=MARGIN, width=8, margin_start=False, blind=[1, 6])
    network.normalise(records, loop, mask)
    loaded = SetScorer(record=5, loop=3, margin_column=MARGIN, width=8)
    loaded.load_state_dict(network.state_dict())
    changed, other = records.clone(), loop.clone()
    changed[..., 1] = 7.0
    other[:, 1] = -7.0
    seen = records.clone()
    seen[..., 0] += 0.5
    with torch.no_grad():
        for each in (network, loaded):
            scores = each(records, loop, mask)
            assert torch.equal(each(changed, other, mask), scores)
            assert not torch.equal(each(seen, loop, mask), scores)
