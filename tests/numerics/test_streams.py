from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from alrl.numerics.noise import EpisodeNoise
from alrl.numerics.streams import generator, seed_sequence, stream_key

NAMES = ("split", "first sample", "learner", "strategy", "annotator", "agent")


def test_a_stream_is_what_its_seed_and_name_say():
    assert generator([3, 1], "split").random(5).tolist() == generator([3, 1], "split").random(5).tolist()
    keys = {stream_key([seed, episode], name) for seed, episode, name in itertools.product(range(5), range(5), NAMES)}
    assert len(keys) == 5 * 5 * len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_drawing_from_one_stream_leaves_the_others_as_they_were(name):
    others = [other for other in NAMES if other != name]
    before = [generator([0], other).random() for other in others]
    generator([0], name).random(1000)
    EpisodeNoise([[0]], name).draw(1000)
    assert [generator([0], other).random() for other in others] == before


def test_no_global_seed_is_read_or_set():
    np_state, torch_state = np.random.get_state(legacy=False), torch.get_rng_state()  # noqa: NPY002
    first = EpisodeNoise([[1, 2]], "strategy").draw(5), generator([1], "split").random()
    assert str(np.random.get_state(legacy=False)) == str(np_state)  # noqa: NPY002
    assert torch.get_rng_state().equal(torch_state)
    torch.rand(3)
    again = EpisodeNoise([[1, 2]], "strategy").draw(5), generator([1], "split").random()
    assert first[0].equal(again[0])
    assert first[1] == again[1]


def test_the_stream_key_is_that_of_numpy():
    state = seed_sequence([4, 2], "agent").generate_state(1, np.uint64)[0]
    assert stream_key([4, 2], "agent") % 2**64 == int(state)
