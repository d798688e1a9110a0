from __future__ import annotations

import warnings

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor, VecVideoRecorder

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.sb3 import ActiveLearningVecEnv
from alrl.errors import InvalidQueryError, InvalidRecipeError


@pytest.fixture
def env(recipe):
    return ActiveLearningVecEnv(recipe(budget={"labels": 3}), num_envs=2, seed=5)


def test_an_ended_episode_is_told_and_the_next_has_begun(env):
    env.reset()
    paid = []
    for _ in range(2):
        _, rewards, dones, infos = env.step(np.array([1, 2]))
        paid.append(rewards)
        assert not dones.any()
        assert all("episode" not in info and "terminal_observation" not in info for info in infos)
    observation, rewards, dones, infos = env.step(np.array([1, 2]))
    paid.append(rewards)
    assert dones.all()
    assert rewards.dtype == np.float32
    for index, info in enumerate(infos):
        assert info["episode"] == {"r": pytest.approx(sum(float(each[index]) for each in paid)), "l": 3}
        assert info["TimeLimit.truncated"] is False
        assert info["spent"] == 3
        assert info["terminal_observation"]["loop"][0] == 1
        assert env.observation_space.contains(info["terminal_observation"])
        assert observation["loop"][index, 0] == 0
    *_, infos = env.step(np.array([0, 0]))
    assert [info["spent"] for info in infos] == [1, 1]


def test_the_score_of_an_ended_episode_is_its_own(env, recipe):
    env.reset()
    for _ in range(3):
        *_, infos = env.step(np.array([1, 2]))
    alone = ActiveLearningEnv(recipe(budget={"labels": 3}))
    alone.reset(seed=6)
    for _ in range(3):
        *_, info = alone.step(2)
    assert infos[1]["score"] == info["score"]


def test_masks_of_chosen_environments(env):
    env.reset()
    masks = env.action_masks()
    assert masks.shape == (2, 8)
    assert masks.dtype == np.int8
    by_method = env.env_method("action_masks", indices=[1])
    assert len(by_method) == 1
    np.testing.assert_array_equal(by_method[0], masks[1])
    assert env.has_attr("action_masks")
    with pytest.raises(AttributeError, match="no method 'fly' per episode; action_masks and render are some"):
        env.env_method("fly")


def test_seeds_count_up_and_are_used_once(env, recipe):
    first = env.reset()
    for index in range(2):
        alone, _ = ActiveLearningEnv(recipe(budget={"labels": 3})).reset(seed=5 + index)
        np.testing.assert_allclose(first["candidates"][index], alone["candidates"], atol=1e-4)
    second = env.reset()
    assert not np.array_equal(first["candidates"], second["candidates"])
    assert env.seed(5) == [5, 6]
    with pytest.raises(InvalidRecipeError, match="seed = '5' given; it must be a whole number, at least 0"):
        env.seed("5")
    again = env.reset()
    np.testing.assert_array_equal(first["candidates"], again["candidates"])


def test_reset_tells_what_an_episode_may_do(env):
    env.reset()
    given = ["action_mask", "asked_again", "data", "labels", "score", "spent", "true_return"]
    assert [sorted(info) for info in env.reset_infos] == [given] * 2


def test_attributes_are_those_of_the_environment(env):
    assert env.get_attr("num_envs", indices=0) == [2]
    assert env.get_attr("recipe") == [env.vector.recipe] * 2
    assert env.env_is_wrapped(VecMonitor) == [False, False]


def test_wrappers_of_stable_baselines3_take_it(env):
    # Episodes are reported as by a Monitor already, and that is said.
    with pytest.warns(UserWarning, match="already wrapped"):
        monitored = VecMonitor(env)
    monitored.reset()
    for _ in range(3):
        _, _, _, infos = monitored.step(np.array([0, 0]))
    assert infos[0]["episode"]["l"] == 3
    monitored.close()


def test_it_is_evaluated_and_filmed_without_a_warning(recipe, tmp_path):
    env = ActiveLearningVecEnv(recipe(budget={"labels": 3}), num_envs=2, render_mode="rgb_array")
    model = PPO("MultiInputPolicy", env, n_steps=4, batch_size=8, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, _ = evaluate_policy(model, env, n_eval_episodes=2)
    assert np.isfinite(mean)
    filmed = VecVideoRecorder(env, str(tmp_path), record_video_trigger=lambda step: step == 0, video_length=2)
    filmed.reset()
    frames = env.env_method("render", indices=[1])
    assert frames[0].shape == (450, 900, 3)
    for _ in range(3):
        filmed.step(np.array([0, 0]))
    filmed.close()
    assert list(tmp_path.glob("*.mp4"))


def test_options_take_hold_with_the_next_episodes(recipe):
    env = ActiveLearningVecEnv(recipe(data={"sets": ["iris", "wine"]}, budget={"labels": 1}), num_envs=2)
    env.set_options([{"data": "wine"}, {"data": "iris"}])
    env.reset()
    assert [info["data"] for info in env.reset_infos] == ["wine", "iris"]
    env.set_options({"data": "iris"})
    *_, infos = env.step(np.array([0, 0]))
    assert [info["data"] for info in infos] == ["wine", "iris"]
    *_, infos = env.step(np.array([0, 0]))
    assert [info["data"] for info in infos] == ["iris", "iris"]


def test_masks_before_the_first_reset_say_what_to_do(env):
    for ask in (env.action_masks, lambda: env.env_method("action_masks")):
        with pytest.raises(InvalidQueryError, match="the environment has no episode yet; call reset first"):
            ask()
