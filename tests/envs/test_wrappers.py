"""Gymnasium's wrappers around the single and the vector environment, whose autoreset mode is NEXT_STEP."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector as vector_wrappers

NAME, EPISODE, ENVS = "alrl/wine-batch-v0", 30, 3


def vector():
    return gymnasium.make_vec(NAME, num_envs=ENVS)


def first(mask):
    return np.asarray(mask).argmax(-1)


def steps(envs, count, seed=0):
    """What each of so many steps gave, the first allowed action played; a step that begins episodes plays none."""
    _, info = envs.reset(seed=seed)
    for _ in range(count):
        result = envs.step(first(info["action_mask"]))
        info = result[-1]
        yield result


def test_episode_statistics_are_the_sum_of_rewards():
    envs = vector_wrappers.RecordEpisodeStatistics(vector())
    assert envs.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    total, ends = np.zeros(ENVS), []
    for number, (_, rewards, ended, _, info) in enumerate(steps(envs, 2 * EPISODE + 1)):
        total += rewards
        if ended.any():
            ends.append(number)
            assert info["episode"]["l"].tolist() == [EPISODE] * ENVS
            np.testing.assert_allclose(info["episode"]["r"], total, atol=1e-6)
            total = np.zeros(ENVS)
    # The step after an end begins the next episode and plays no action.
    assert ends == [EPISODE - 1, 2 * EPISODE]
    assert len(envs.return_queue) == 2 * ENVS


def test_normalised_rewards_are_the_rewards_over_one_number():
    envs = vector_wrappers.NormalizeReward(vector(), gamma=0.9)
    for (_, plain, *_), (_, scaled, *_) in zip(steps(vector(), 10), steps(envs, 10), strict=True):
        assert np.isfinite(scaled).all()
        assert (np.sign(plain) == np.sign(scaled)).all()
        ratio = scaled[plain != 0] / plain[plain != 0]
        assert ratio == pytest.approx(ratio[:1].repeat(len(ratio)), rel=1e-4)


def test_flat_observations_can_be_normalised():
    envs = vector_wrappers.NormalizeObservation(vector_wrappers.FlattenObservation(vector()))
    space = gymnasium.spaces.flatten_space(gymnasium.make(NAME).observation_space)
    for observation, *_ in steps(envs, 5):
        assert observation.shape == (ENVS, *space.shape)
        assert np.isfinite(observation).all()


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda envs: vector_wrappers.TransformObservation(
            envs, lambda seen: seen["loop"], envs.observation_space["loop"], envs.single_observation_space["loop"]
        ),
        lambda envs: vector_wrappers.FilterObservation(envs, ["candidates", "mask"]),
        lambda envs: vector_wrappers.TransformReward(envs, lambda rewards: 2 * rewards),
        lambda envs: vector_wrappers.ClipReward(envs, -0.01, 0.01),
        lambda envs: vector_wrappers.TransformAction(envs, lambda action: action),
    ],
    ids=["TransformObservation", "FilterObservation", "TransformReward", "ClipReward", "TransformAction"],
)
def test_what_a_vector_wrapper_gives_is_in_its_spaces(wrapped):
    envs = wrapped(vector())
    observation, _ = envs.reset(seed=0)
    assert observation in envs.observation_space
    for observation, rewards, *_ in steps(envs, EPISODE + 2):
        assert observation in envs.observation_space
        assert rewards.shape == (ENVS,)


def test_infos_can_be_listed_by_episode():
    envs = vector_wrappers.DictInfoToList(vector())
    _, infos = envs.reset(seed=0)
    assert len(infos) == ENVS
    assert infos[0]["action_mask"].shape == (16,)
    assert 0 <= infos[2]["score"] <= 1


def test_a_single_environment_takes_the_usual_wrappers():
    env = wrappers.RecordEpisodeStatistics(
        wrappers.FlattenObservation(wrappers.TimeLimit(gymnasium.make(NAME), max_episode_steps=4))
    )
    observation, info = env.reset(seed=0)
    assert observation in env.observation_space
    for number in range(4):
        observation, _, ended, truncated, info = env.step(first(info["action_mask"]))
        assert (ended, truncated) == (False, number == 3)
    assert info["episode"]["l"] == 4
    again, _ = wrappers.NormalizeReward(wrappers.TransformReward(gymnasium.make(NAME), abs)).reset(seed=0)
    assert set(again) == {"candidates", "loop", "mask"}


def test_wrapped_sub_environments_of_gymnasium_agree_with_the_native_ones():
    standard = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make(NAME)] * ENVS)
    for (seen, rewards, ended, *_), (other, same, over, *_) in zip(
        steps(vector(), EPISODE + 3), steps(standard, EPISODE + 3), strict=True
    ):
        for name in seen:
            np.testing.assert_allclose(seen[name], other[name], atol=1e-5)
        np.testing.assert_allclose(rewards, same, atol=1e-6)
        assert ended.tolist() == over.tolist()


def test_labels_of_a_step_that_ends_an_episode_and_begins_the_next():
    """As docs/reinforcement-learning.md says: Gymnasium's own vector environment gives the info of the beginning."""
    labels = {}
    for mode, settings in (
        ("sync", {"vector_kwargs": {"autoreset_mode": AutoresetMode.SAME_STEP}}),
        ("vector_entry_point", {"autoreset_mode": AutoresetMode.SAME_STEP}),
    ):
        envs = gymnasium.make_vec(NAME, num_envs=2, vectorization_mode=mode, **settings)
        *_, info = (result[-1] for result in steps(envs, EPISODE))
        labels[mode] = (info["labels"].tolist(), info["final_info"]["labels"].tolist())
    assert labels == {"sync": ([0, 0], [5, 5]), "vector_entry_point": ([5, 5], [5, 5])}
