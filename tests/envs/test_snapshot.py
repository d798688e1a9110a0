from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidQueryError
from tests.envs.playing import chosen, small

UNLIKE = ["wine-batch", "several-annotators", "delayed-labels", "restart", "rule", "weights", "net-value", "committee"]
"""Environments whose episodes hold other things: batches, labels under way, prices, restarts, members."""


def random_actions(env, masks, step):
    return np.array([chosen(env, mask, step, place) for place, mask in enumerate(masks)])


def begun(name, num_envs=3, steps=2, **how):
    env = ActiveLearningVectorEnv(small(name), num_envs=num_envs, **how)
    _, info = env.reset(seed=4)
    for step in range(steps):
        _, _, _, _, info = env.step(random_actions(env, info["action_mask"], step))
    return env, info["action_mask"]


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", UNLIKE)
def test_a_branch_is_what_the_episode_would_have_played(name):
    env, masks = begun(name)
    several = np.stack([random_actions(env, masks, step) for step in (5, 6)], 1)
    observations, rewards, ends = env.branch(several)
    assert ends.shape == (3, 2)
    # Of an episode that is over the step begins the next one.
    here, goes_on = env.snapshot(), ~env.over
    assert goes_on.sum() >= 2
    for place in range(2):
        env.restore(here)
        seen, paid, terminated, _, _ = env.step(several[:, place])
        np.testing.assert_array_equal(rewards[goes_on, place], paid[goes_on])
        np.testing.assert_array_equal(ends[goes_on, place], terminated[goes_on])
        now = {key: value[goes_on, place] for key, value in observations.items()}
        assert same(now, {key: value[goes_on] for key, value in seen.items()})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])  # noqa: S301
def test_copies_and_pickles_of_an_environment_play_on_as_it_does(copied):
    env, masks = begun("breast-cancer")
    other = copied(env)
    for step in range(8):
        actions = random_actions(env, masks, step)
        (seen, paid, *_, info), (others, also, *_) = env.step(actions), other.step(actions)
        assert same(seen, others)
        np.testing.assert_array_equal(paid, also)
        masks = info["action_mask"]


def test_a_snapshot_is_restored_more_than_once_and_the_next_episodes_too():
    env, masks = begun("breast-cancer")
    here, played = env.snapshot(), []
    for _ in range(2):
        env.restore(here)
        now, rewards = masks, []
        for step in range(8):
            *_, info = result = env.step(random_actions(env, now, step))
            now = info["action_mask"]
            rewards.append(result[1])
        played.append((result[0], np.stack(rewards)))
    assert same(played[0][0], played[1][0])
    np.testing.assert_array_equal(played[0][1], played[1][1])


def test_workers_branch_and_restore_what_one_process_does():
    (alone, masks), (shared, _) = begun("breast-cancer"), begun("breast-cancer", workers=2)
    actions = np.stack([random_actions(alone, masks, step) for step in range(3)], 1)
    for first, second in zip(alone.branch(actions), shared.branch(actions), strict=True):
        assert same(first, second) if isinstance(first, dict) else np.array_equal(first, second)
    here = shared.snapshot()
    first = shared.step(actions[:, 0])
    shared.restore(here)
    np.testing.assert_array_equal(shared.action_masks(), masks)
    assert same(first[0], shared.step(actions[:, 0])[0])
    # Options are told to each worker.
    named = ["wine", "iris", "synthetic/tiny-0"]
    assert shared.reset(options={"data": named})[1]["data"].tolist() == named
    shared.set_options({"data": "iris"})
    assert shared.reset()[1]["data"].tolist() == ["iris"] * 3
    shared.close()


def test_one_episode_branches_too_and_minus_one_plays_nothing():
    env = ActiveLearningEnv(small("breast-cancer"))
    now, _ = env.reset(seed=1)
    observations, rewards, ends = env.branch(np.array([0, -1, 7]))
    assert rewards.shape == ends.shape == (3,)
    assert rewards[1] == 0
    np.testing.assert_array_equal(observations["loop"][1], now["loop"])
    seen, reward, *_ = env.step(7)
    assert reward == rewards[2]
    np.testing.assert_array_equal(seen["candidates"], observations["candidates"][2])


def test_what_cannot_be_branched_or_restored_is_refused():
    env, _ = begun("breast-cancer")
    with pytest.raises(InvalidQueryError, match=r"shape \(3,\) given; a branch takes \(3, actions\)"):
        env.branch(np.zeros(3, dtype=int))
    actions = np.tile([3, 4], (3, 1))
    actions[1, 1] = 99
    with pytest.raises(InvalidQueryError, match="episode 1, branch 1: action 99 is not allowed"):
        env.branch(actions)
    with pytest.raises(InvalidQueryError, match="this environment plays 2"):
        ActiveLearningVectorEnv(small("breast-cancer"), num_envs=2).restore(env.snapshot())
    with pytest.raises(InvalidQueryError, match="reset first"):
        ActiveLearningEnv(small("breast-cancer")).snapshot()
    with pytest.raises(InvalidQueryError, match="reset first"):
        ActiveLearningVectorEnv(small("breast-cancer"), num_envs=2).branch(np.zeros((2, 1), dtype=int))
    with pytest.raises(InvalidQueryError, match=r"'here' given; give what snapshot\(\) returned"):
        env.restore("here")
    with pytest.raises(InvalidQueryError, match="of another recipe given"):
        begun("wine-batch")[0].restore(env.snapshot())


def test_what_workers_cannot_branch_or_restore_leaves_them_as_they_are():
    shared, masks = begun("breast-cancer", workers=2)
    alone, _ = begun("breast-cancer")
    for wrong in ("here", alone.snapshot(), shared.snapshot()[:1]):
        with pytest.raises(InvalidQueryError, match="given"):
            shared.restore(wrong)
    with pytest.raises(InvalidQueryError, match=r"shape \(5, 2\) given; a branch takes \(3, actions\)"):
        shared.branch(np.zeros((5, 2), dtype=int))
    with pytest.raises(InvalidQueryError, match="with worker processes cannot be copied or pickled"):
        copy.deepcopy(shared)
    with pytest.raises(InvalidQueryError, match="with worker processes cannot be copied or pickled"):
        pickle.dumps(shared)
    actions = random_actions(shared, masks, 2)
    np.testing.assert_array_equal(shared.step(actions)[1], alone.step(actions)[1])
    shared.close()
    with pytest.raises(InvalidQueryError, match="the environment is closed"):
        shared.step(actions)


def test_a_simulators_copies_do_not_touch_it():
    env, _ = begun("several-annotators")
    simulator = env.game.simulator
    before = simulator.view
    branches = simulator.take(torch.tensor([1, 1, 2]))
    assert [task.seed for task in branches.tasks] == [simulator.tasks[i].seed for i in (1, 1, 2)]
    branches.step(branches.view.available.to(torch.uint8).argmax(1, keepdim=True))
    assert simulator.view.spent.equal(before.spent)
    assert simulator.view.labelled_index.equal(before.labelled_index)
