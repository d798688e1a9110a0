"""Plays episodes of environments, one by one or many at once, and compares them."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode


def one(arrays, index):
    return {name: array[index] for name, array in arrays.items()}


def vector_episodes(env, someone, seed, count):
    """For each sub-environment its first ``count`` episodes: observations, rewards."""
    waits = env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    observation, info = env.reset(seed=seed)
    played = [[([one(observation, i)], [])] for i in range(env.num_envs)]
    over = np.zeros(env.num_envs, dtype=bool)
    while min(len(each) for each in played) <= count:
        places = [(i, len(played[i]) - 1, len(played[i][-1][1])) for i in range(env.num_envs)]
        actions = [someone(info["action_mask"][i], *place) for i, place in enumerate(places)]
        observation, rewards, ended, truncated, info = env.step(np.array(actions))
        assert not truncated.any()
        for i in range(env.num_envs):
            now = one(observation, i)
            if over[i]:
                assert rewards[i] == 0
                assert not ended[i]
                played[i].append(([now], []))
                continue
            final = info["final_obs"][i] if ended[i] and not waits else now
            played[i][-1][0].append(final)
            played[i][-1][1].append(rewards[i])
            if ended[i] and not waits:
                played[i].append(([now], []))
        over = ended & waits
    return [each[:count] for each in played]


def single_episodes(env, someone, seed, count, index):
    played = []
    for number in range(count):
        observation, info = env.reset(seed=seed) if number == 0 else env.reset()
        seen, rewards, over = [observation], [], False
        while not over:
            action = someone(info["action_mask"], index, number, len(rewards))
            observation, reward, over, _, info = env.step(action)
            seen.append(observation)
            rewards.append(reward)
        played.append((seen, rewards))
    return played


def assert_same_episodes(given, expected, features, *, exact=False):
    # Ranks are steps: where two records are as good as equal, rounding moves them by a place.
    slack = np.array([0.02 if feature.name.endswith("-rank") else 1e-4 for feature in features.record])
    slack = 0 * slack if exact else slack
    assert len(given) == len(expected)
    for (seen, rewards), (other_seen, other_rewards) in zip(given, expected, strict=True):
        assert rewards == pytest.approx(other_rewards, abs=0 if exact else 1e-4, rel=0 if exact else 1e-5)
        assert len(seen) == len(other_seen)
        for now, other in zip(seen, other_seen, strict=True):
            assert (abs(now["candidates"] - other["candidates"]) <= slack).all()
            np.testing.assert_allclose(now["loop"], other["loop"], rtol=0, atol=0 if exact else 1e-4)
            np.testing.assert_array_equal(now["mask"], other["mask"])
