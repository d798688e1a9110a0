"""Gymnasium's and Stable-Baselines3's own checks, on every environment that there is."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_for_sb3

from alrl import recipes
from alrl.envs.registration import environment_id

ENVIRONMENTS = [environment_id(name) for name in recipes.names("envs")]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_gymnasium_finds_no_fault(name):
    check_env(gymnasium.make(name).unwrapped)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_stable_baselines3_minds_the_shape_of_the_candidates_alone(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env_for_sb3(gymnasium.make(name))
    assert ["observation candidates has an unconventional shape" in str(warning.message) for warning in caught] == [
        True
    ]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_observation_is_in_the_space(name, chooser):
    env = gymnasium.make(name)
    observation, info = env.reset(seed=3)
    someone = chooser(env)
    for _ in range(8):
        assert env.observation_space.contains(observation)
        assert all(array.dtype == np.float32 for array in observation.values())
        assert info["action_mask"].shape == env.unwrapped.action_masks().shape
        np.testing.assert_array_equal(env.unwrapped.action_masks(), info["action_mask"])
        observation, _, over, _, info = env.step(someone(info["action_mask"], 3))
        if over:
            break


def test_the_folder_is_the_registry():
    assert "alrl/digits-v0" in ENVIRONMENTS
    assert {name for name in gymnasium.registry if name.startswith("alrl/")} >= set(ENVIRONMENTS)
