from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidRecipeError
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone, padded


def smallest_margins(view, episode, count):
    """Positions of the available records of smallest margin, by sorting."""
    available = view.available[episode].nonzero()[:, 0].tolist()
    return sorted(available, key=lambda position: float(view.margin[episode, position]))[:count]


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 20), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(0, 3))
def test_the_mixture_is_what_it_declares(seed, count, share, padding):
    view = example_view(seed=seed, records=(14, 6, 9), labelled=(2, 6, 4), padding=padding)
    candidates = CandidateMixture(count=count, margin=share, random=1 - share).draw(view)
    sure = round(count * share)
    assert candidates.shape == (3, count)
    for episode, row in enumerate(candidates.tolist()):
        chosen = [position for position in row if position >= 0]
        available = set(view.available[episode].nonzero()[:, 0].tolist())
        assert len(set(chosen)) == len(chosen)
        assert set(chosen) <= available
        assert row[:sure] == smallest_margins(view, episode, sure) + [-1] * max(0, sure - len(available))
        # Where fewer are left than wanted, all of them are candidates.
        assert len(chosen) == min(count, len(available))


def test_padding_and_other_episodes_change_nothing():
    mixture = CandidateMixture(count=6)
    view = example_view(seed=4, records=(14, 6, 9), padding=1)
    drawn = mixture.draw(view)
    assert mixture.draw(padded(view, records=7, classes=2)).equal(drawn)
    for episode in range(3):
        assert mixture.draw(alone(view, episode))[0].equal(drawn[episode])


def test_the_random_part_follows_the_noise_alone():
    mixture = CandidateMixture(count=6, margin=0.5, random=0.5)
    view = example_view(seed=4, records=(30,), labelled=(2,))
    other = example_view(seed=4, records=(30,), labelled=(2,))
    other.noise.copy_(other.noise.flip(1))
    first, second = mixture.draw(view)[0], mixture.draw(other)[0]
    assert first[:3].equal(second[:3])
    assert not first[3:].equal(second[3:])
    rest = view.noise[0].masked_fill(~view.available[0], -1).scatter(0, first[:3], -1.0)
    assert first[3:].equal(rest.topk(3).indices)


def test_over_many_queries_every_other_record_is_drawn_about_as_often():
    mixture = CandidateMixture(count=4, margin=0.0, random=1.0)
    view = example_view(seed=1, records=(20,), labelled=(0,))
    random = torch.Generator().manual_seed(0)
    count = torch.zeros(20)
    for _ in range(1000):
        view.noise.copy_(torch.rand(1, 20, generator=random))
        count[mixture.draw(view)[0]] += 1
    # 200 times each on average, give or take four standard deviations.
    assert bool(((count > 150) & (count < 250)).all())


def test_what_is_in_the_batch_is_no_candidate():
    view = example_view(seed=2, records=(5,), labelled=(2,))
    pick = int(view.available[0].nonzero()[0, 0])
    drawn = CandidateMixture(count=4).draw(view.with_selected(torch.tensor([pick])))[0].tolist()
    assert sorted(drawn)[:2] == [-1, -1]
    assert pick not in drawn


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "candidates: count = 0 given; it must be at least 1"),
        (
            {"margin": 0.7, "random": 0.7},
            "candidates: shares margin = 0.7, random = 0.7 given; each is 0 to 1, their sum 1",
        ),
        (
            {"margin": 1.5, "random": -0.5},
            "candidates: shares margin = 1.5, random = -0.5 given; each is 0 to 1, their sum 1",
        ),
    ],
)
def test_other_mixtures_are_refused(settings, message):
    with pytest.raises(InvalidRecipeError) as error:
        CandidateMixture(**settings)
    assert str(error.value) == message
