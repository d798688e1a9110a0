"""Episodes shared among processes are those that one process plays."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.envs.workers import CrewError
from alrl.errors import InvalidQueryError, InvalidRecipeError


def rollout(env, steps, seed):
    """Observations, rewards, ends and final infos of random play."""
    rng, seen = np.random.default_rng(0), []
    observation, info = env.reset(seed=seed)
    for _ in range(steps):
        actions = np.array([rng.choice(np.flatnonzero(mask)) if mask.any() else 0 for mask in env.action_masks()])
        assert (info["action_mask"] == env.action_masks()).all()
        observation, rewards, terminated, truncated, info = env.step(actions)
        final = info.get("final_obs")
        seen.append((observation, rewards, terminated, truncated, env.over.copy(), info["score"], info["spent"], final))
    return seen


def same(a, b):
    if a is None or b is None:
        return a is b
    if isinstance(a, dict):
        return all(np.array_equal(a[name], b[name]) for name in a)
    if a.dtype == object:
        return all(same(x, y) for x, y in zip(a, b, strict=True))
    return np.array_equal(a, b)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_processes_play_and_draw_what_one_does(recipe, mode):
    made = recipe(budget={"labels": 3})
    here, there = (
        ActiveLearningVectorEnv(made, num_envs=5, autoreset_mode=mode, workers=workers, render_mode="rgb_array")
        for workers in (1, 2)
    )
    try:
        with pytest.raises(InvalidQueryError, match="call reset first"):
            there.render()
        for seed in (7, None):
            for ours, theirs in zip(rollout(here, 6, seed), rollout(there, 6, seed), strict=True):
                assert all(same(a, b) for a, b in zip(ours, theirs, strict=True))
        drawn = there.render()
        assert len(drawn) == 5
        assert all(np.array_equal(a, b) for a, b in zip(here.render(), drawn, strict=True))
        assert not np.array_equal(drawn[0], drawn[-1])
    finally:
        there.close()


def test_what_goes_wrong_in_a_process_is_told_and_leaves_the_others_well(recipe):
    env = ActiveLearningVectorEnv(recipe(), num_envs=2, workers=2)
    try:
        with pytest.raises(InvalidQueryError, match=r"call reset first"):
            env.step(np.zeros(2, dtype=int))
        env.reset(seed=0)
        with pytest.raises(InvalidQueryError, match=r"is not allowed here"):
            env.step(np.array([0, 10_000]))
        observation, _ = env.reset(seed=0)
        alone, _ = ActiveLearningVectorEnv(recipe(), num_envs=2).reset(seed=0)
        assert same(observation, alone)
        env._worker_pool._members[1].process.terminate()
        env._worker_pool._members[1].process.join()
        with pytest.raises(CrewError, match=r"a worker process ended"):
            env.reset(seed=1)
    finally:
        env.close()
        env.close()


@pytest.mark.parametrize(("settings", "given"), [({"workers": 0}, 0), ({"workers": 3}, 3), ({"workers": -2}, -2)])
def test_a_number_of_workers_that_cannot_be_is_refused(recipe, settings, given):
    with pytest.raises(InvalidRecipeError, match=rf"workers = {given} given for 2 sub-environments on cpu"):
        ActiveLearningVectorEnv(recipe(), num_envs=2, **settings)


def test_gymnasium_makes_it_by_name():
    env = gymnasium.make_vec("alrl/wine-batch-v0", num_envs=2, workers=2)
    try:
        observation, _ = env.reset(seed=3)
        assert observation["mask"].shape[0] == 2
    finally:
        env.close()


def test_workers_have_no_masks_before_the_first_reset_and_play_on_from_a_snapshot(recipe):
    env, fresh = (ActiveLearningVectorEnv(recipe(), num_envs=2, workers=2) for _ in range(2))
    try:
        with pytest.raises(InvalidQueryError, match="the environment has no episode yet; call reset first"):
            fresh.action_masks()
        env.reset(seed=4)
        fresh.restore(env.snapshot())
        assert (fresh.action_masks() == env.action_masks()).all()
        assert fresh.step(np.array([1, 2]))[1].tolist() == env.step(np.array([1, 2]))[1].tolist()
    finally:
        env.close()
        fresh.close()
