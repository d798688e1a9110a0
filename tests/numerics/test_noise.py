from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alrl.numerics.noise import EpisodeNoise, uniform
from alrl.numerics.streams import stream_key

NAMES = ("split", "first sample", "learner", "strategy", "annotator", "agent")


def test_streams_of_different_names_and_seeds_are_uncorrelated():
    rows = [EpisodeNoise([[seed]], name).draw(4000)[0] for name in NAMES for seed in (0, 1)]
    correlation = torch.corrcoef(torch.stack(rows)) - torch.eye(len(rows))
    assert correlation.abs().max() < 0.08


@pytest.mark.parametrize("keys", [[0], [-1], [2**62], [1, 2, 3, 4]])
def test_numbers_are_uniform_within_a_draw_and_from_draw_to_draw(keys):
    tensor = torch.tensor(keys)
    within = uniform(tensor, torch.zeros_like(tensor), 20_000)
    between = torch.cat([uniform(tensor, torch.full_like(tensor, counter), 1) for counter in range(2000)])
    for numbers in (within, between):
        assert numbers.min() >= 0
        assert numbers.max() < 1
        assert stats.kstest(numbers.flatten().numpy(), "uniform").pvalue > 1e-3


def test_neighbouring_seeds_counters_and_positions_are_independent():
    keys = torch.tensor([stream_key([0, episode], "strategy") for episode in range(200)])
    grid = torch.stack([uniform(keys, torch.full_like(keys, counter), 50) for counter in range(20)])
    grid = grid - 0.5
    for axis in range(3):
        size = grid.shape[axis] - 1
        lagged = (grid.narrow(axis, 0, size) * grid.narrow(axis, 1, size)).mean() * 12
        assert abs(float(lagged)) < 0.012


def test_noise_has_next_to_no_ties():
    assert len(uniform(torch.tensor([5]), torch.tensor([0]), 1000).unique()) >= 998


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6), st.integers(0, 2**40), st.integers(1, 40))
def test_an_episode_draws_alone_what_it_draws_in_a_batch_and_a_longer_row_begins_with_the_shorter(keys, counter, size):
    tensor, counters = torch.tensor(keys), torch.arange(len(keys)) + counter
    batch = uniform(tensor, counters, size)
    for episode in range(len(keys)):
        assert batch[episode : episode + 1].equal(uniform(tensor[[episode]], counters[[episode]], size))
    assert uniform(tensor, counters, size + 7)[:, :size].equal(batch)


def test_only_the_marked_episodes_advance():
    noise, twin = EpisodeNoise([[0], [1]], "strategy"), EpisodeNoise([[0], [1]], "strategy")
    first = noise.draw(6, torch.tensor([True, False]))
    assert first.equal(twin.draw(6))
    second, expected = noise.draw(6), twin.draw(6)
    assert second[0].equal(expected[0])
    assert second[1].equal(first[1])


def test_an_episode_that_restarts_is_a_new_one_and_the_others_go_on():
    noise, twin = EpisodeNoise([[0], [1]], "strategy"), EpisodeNoise([[0], [1]], "strategy")
    noise.draw(4)
    twin.draw(4)
    noise.restart(1, [7])
    drawn = noise.draw(4)
    assert drawn[0].equal(twin.draw(4)[0])
    assert drawn[1].equal(EpisodeNoise([[7]], "strategy").draw(4)[0])


def test_known_numbers_of_the_reference_generator():
    """SplitMix64 from the state 0 gives these outputs (Steele et al. 2014, and its Java and C references)."""
    mask = 2**64 - 1

    def splitmix(state):
        mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & mask
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & mask
        return mixed ^ (mixed >> 31)

    step = 0x9E3779B97F4A7C15
    assert splitmix(step) == 0xE220A8397B1DCDAF
    assert splitmix(2 * step & mask) == 0x6E789E6AA1B965F4
    row = splitmix(step)
    expected = [(splitmix(row + position * step & mask) >> 40) * 2.0**-24 for position in (1, 2, 3)]
    assert uniform(torch.tensor([0]), torch.tensor([0]), 3)[0].tolist() == expected
