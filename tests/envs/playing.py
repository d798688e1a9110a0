"""Plays episodes of environments, one by one or many at once, and compares them."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from alrl import recipes
from alrl.envs.recipe import EnvRecipe, load_env_recipe

NAMES = recipes.names("envs")
"""Every environment in the folder."""


def small(name: str) -> EnvRecipe:
    """The environment with a budget of a few labels, and of the largest batch at least."""
    recipe = load_env_recipe(name)
    largest = max(recipe.action.sizes or (recipe.budget.batch,))
    labels = min(recipe.budget.labels, max(4, largest))
    return recipe.model_copy(update={"budget": recipe.budget.model_copy(update={"labels": labels})})


def chosen(env, mask, *place):
    """An action by lot, the same in the same place; no switch of a box is thrown."""
    space, chance = getattr(env, "single_action_space", env.action_space), np.random.default_rng(place)
    if isinstance(space, gymnasium.spaces.Box):
        return chance.uniform(-0.85, 0.85, space.shape).astype(np.float32)
    allowed = np.flatnonzero(mask)
    return int(chance.choice(allowed)) if len(allowed) else 0


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
