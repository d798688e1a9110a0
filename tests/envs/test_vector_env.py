from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.error import AlreadyPendingCallError, NoAsyncCallError
from gymnasium.vector import AutoresetMode

from alrl import recipes
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.envs.env import ActiveLearningEnv
from alrl.envs.recipe import load_env_recipe
from alrl.envs.send_receive import SendReceive
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.testing import example_view
from tests.envs.playing import assert_same_episodes, single_episodes, vector_episodes


def shorter(name, labels):
    recipe = load_env_recipe(name)
    return recipe.model_copy(update={"budget": recipe.budget.model_copy(update={"labels": labels})})


# Synthetic draws data sets of other numbers of records, features and classes, episode by episode.
@pytest.mark.parametrize(
    ("name", "labels", "num_envs"),
    [("wine-batch", 15, 3), ("breast-cancer", 12, 2), ("digits", 4, 2), ("synthetic", 10, 4)],
)
def test_each_of_many_episodes_is_the_one_played_alone(someone, name, labels, num_envs):
    recipe = shorter(name, labels)
    vector = ActiveLearningVectorEnv(recipe, num_envs=num_envs)
    for index, played in enumerate(vector_episodes(vector, someone, 5, 2)):
        alone = single_episodes(ActiveLearningEnv(recipe), someone, 5 + index, 2, index)
        assert_same_episodes(played, alone, vector.game.features)


@pytest.mark.parametrize("name", ["many-class", "restart", "target", "tabular-coverage"])
def test_padding_beside_larger_pools_changes_no_bit_of_an_observation(name):
    vector, single = ActiveLearningVectorEnv(name, num_envs=12), ActiveLearningEnv(name)
    together, _ = vector.reset(seed=0)
    for index in range(12):
        alone, _ = single.reset(seed=index)
        assert {part: np.array_equal(rows, together[part][index]) for part, rows in alone.items()} == dict.fromkeys(
            alone, True
        )


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint64, np.float16, np.longdouble])
def test_actions_may_be_numbers_of_any_type(kind):
    rewards = []
    for given in (np.int64, kind):
        vector = ActiveLearningVectorEnv("wine-batch", num_envs=2)
        vector.reset(seed=0)
        rewards.append(vector.step(np.array([1, 2], dtype=given))[1])
    assert np.array_equal(*rewards)


def test_episodes_of_other_lengths_do_not_disturb_each_other(recipe, someone, twenty_records):
    # Eight queries on one data set, eleven on the other: they end and begin anew at different steps.
    mixed = recipe(
        data={"sets": [str(twenty_records), "synthetic/tiny-0"]},
        budget={"labels": 11, "batch": 2},
        learner={"kind": "softmax-regression", "double": True, "tolerance": 1e-8},
    )
    vector = ActiveLearningVectorEnv(mixed, num_envs=3)
    played = vector_episodes(vector, someone, 0, 3)
    assert {len(rewards) for each in played for _, rewards in each} == {8, 11}
    for index in range(3):
        alone = single_episodes(ActiveLearningEnv(mixed), someone, index, 3, index)
        assert_same_episodes(played[index], alone, vector.game.features)


def test_same_step_mode_plays_the_same_episodes_and_hands_over_the_final_observation(recipe, someone, twenty_records):
    mixed = recipe(data={"sets": [str(twenty_records), "synthetic/tiny-0"]}, budget={"labels": 11})
    next_step, same_step = (
        vector_episodes(ActiveLearningVectorEnv(mixed, num_envs=2, autoreset_mode=mode), someone, 0, 2)
        for mode in ("NextStep", AutoresetMode.SAME_STEP)
    )
    for given, expected in zip(same_step, next_step, strict=True):
        assert_same_episodes(given, expected, FeatureSet(DEFAULT_GROUPS))


def test_same_step_mode_tells_what_ended(recipe):
    env = ActiveLearningVectorEnv(recipe(budget={"labels": 2}), num_envs=2, autoreset_mode="SameStep")
    env.reset(seed=0)
    *_, info = env.step(np.array([0, 1]))
    assert "final_obs" not in info
    observation, _, ended, _, info = env.step(np.array([0, 1]))
    assert ended.tolist() == info["_final_obs"].tolist() == info["_final_info"].tolist() == [True, True]
    assert info["final_info"]["spent"].tolist() == [2, 2]
    assert info["spent"].tolist() == [0, 0]
    for index in range(2):
        assert env.single_observation_space.contains(info["final_obs"][index])
        assert info["final_obs"][index]["loop"][0] == 1
        assert observation["loop"][index, 0] == 0


def test_next_step_mode_waits_a_step(recipe):
    env = ActiveLearningVectorEnv(recipe(budget={"labels": 2}), num_envs=2)
    env.reset(seed=0)
    env.step(np.array([0, 0]))
    *_, ended, _, info = env.step(np.array([0, 0]))
    assert ended.all()
    assert env.over.all()
    # What is chosen for an episode that has ended is not looked at.
    _, rewards, ended, _, info = env.step(np.array([99, -5]))
    assert rewards.tolist() == [0, 0]
    assert not ended.any()
    assert info["spent"].tolist() == [0, 0]
    assert not env.over.any()


def test_a_list_gives_each_its_own_seed(recipe):
    env = ActiveLearningVectorEnv(recipe(), num_envs=3)
    observation, _ = env.reset(seed=[7, 3, 7])
    for index, seed in enumerate([7, 3, 7]):
        alone, _ = ActiveLearningEnv(recipe()).reset(seed=seed)
        np.testing.assert_allclose(observation["candidates"][index], alone["candidates"], atol=1e-4)
    counted, _ = env.reset(seed=7)
    np.testing.assert_allclose(counted["candidates"][0], observation["candidates"][0], atol=1e-4)
    assert abs(counted["candidates"][2] - observation["candidates"][2]).max() > 0.01


def test_what_it_cannot_do_is_refused(recipe):
    with pytest.raises(InvalidRecipeError, match="num_envs = 0 given; it must be at least 1"):
        ActiveLearningVectorEnv(recipe(), num_envs=0)
    for settings, message in (
        ({"num_envs": "2"}, "num_envs = '2' given; it must be a whole number"),
        ({"autoreset_mode": "same"}, "autoreset_mode = 'same' given; allowed are NEXT_STEP, SAME_STEP, DISABLED"),
        ({"device": "tpu"}, "device 'tpu' given; allowed are cpu, cuda"),
    ):
        with pytest.raises(InvalidRecipeError, match=message):
            ActiveLearningVectorEnv(recipe(), **settings)
    with pytest.raises(InvalidRecipeError, match="given as an environment; give the name or the file of its recipe"):
        ActiveLearningVectorEnv(ActiveLearningEnv(recipe()))
    env = ActiveLearningVectorEnv(recipe(), num_envs=3)
    for seeds in ([], [1, 2]):
        with pytest.raises(InvalidRecipeError, match=f"{len(seeds)} seeds given for 3 sub-environments; give one each"):
            env.reset(seed=seeds)
    env.reset(seed=0)
    with pytest.raises(InvalidQueryError, match="episode 1: action 8 is not allowed here"):
        env.step(np.array([0, 8, 0]))


def test_gymnasium_makes_the_native_one():
    env = gymnasium.make_vec("alrl/wine-batch-v0", num_envs=3)
    assert type(env.unwrapped) is ActiveLearningVectorEnv
    assert env.num_envs == 3
    assert env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    assert env.observation_space.contains(env.reset(seed=0)[0])
    same_step = gymnasium.make_vec("alrl/wine-batch-v0", num_envs=2, autoreset_mode="SameStep")
    assert same_step.unwrapped.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    named = gymnasium.make_vec("alrl/wine-batch-v0", num_envs=2, autoreset_mode="SAME_STEP")
    assert named.unwrapped.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP


def test_many_episodes_in_processes_of_gymnasium_are_the_same():
    native = gymnasium.make_vec("alrl/wine-batch-v0", num_envs=2)
    apart = gymnasium.make_vec("alrl/wine-batch-v0", num_envs=2, vectorization_mode="sync")
    for env in (native, apart):
        env.action_space.seed(0)
    a, b = native.reset(seed=0)[0], apart.reset(seed=0)[0]
    for _ in range(7):
        np.testing.assert_allclose(a["candidates"], b["candidates"], atol=1e-4)
        a, b = native.step(np.array([1, 2]))[0], apart.step(np.array([1, 2]))[0]


def test_every_recipe_is_one(recipe):
    for name in recipes.names("envs"):
        env = ActiveLearningVectorEnv(name, num_envs=2)
        assert env.single_observation_space["candidates"].shape[0] == env.game.actions.rows


def test_an_info_stays_as_it_was(recipe):
    env = ActiveLearningVectorEnv(recipe(budget={"labels": 1}), num_envs=3)
    env.reset(seed=0)
    *_, info = env.step(np.zeros(3, dtype=int))
    before = info["score"].copy()
    env.step(np.zeros(3, dtype=int))
    assert (info["score"] == before).all()


def test_without_autoreset_an_ended_episode_stands_still_until_it_is_begun(recipe, twenty_records):
    mixed = recipe(data={"sets": [str(twenty_records), "synthetic/tiny-0"]}, budget={"labels": 2})
    env = ActiveLearningVectorEnv(mixed, num_envs=2, autoreset_mode="Disabled")
    env.reset(seed=0)
    for _ in range(2):
        *_, ended, _, info = env.step(env.action_masks().argmax(1))
    assert ended.tolist() == [True, True]
    before = info["spent"]
    _, rewards, ended, _, info = env.step(np.zeros(2, dtype=int))
    assert (rewards.tolist(), ended.tolist(), info["spent"].tolist()) == ([0, 0], [True, True], before.tolist())
    seen, info = env.reset(options={"reset_mask": np.array([False, True])})
    assert info["spent"].tolist() == [2, 0]
    *_, ended, _, info = env.step(env.action_masks().argmax(1))
    assert (ended.tolist(), info["spent"].tolist(), info["labels"].tolist()) == ([True, False], [2, 1], [0, 1])
    alone = ActiveLearningEnv(mixed)
    alone.reset(seed=1)
    second, _ = alone.reset()
    np.testing.assert_array_equal(second["candidates"], seen["candidates"][1])


def test_options_say_what_is_played_until_they_are_lifted(recipe):
    several = recipe(data={"sets": ["iris", "wine"]}, budget={"labels": 1})
    env = ActiveLearningVectorEnv(several, num_envs=2)
    _, info = env.reset(seed=0, options={"data": ["wine", "synthetic/tiny-0"]})
    assert info["data"].tolist() == ["wine", "synthetic/tiny-0"]
    for _ in range(2):
        *_, info = env.step(np.zeros(2, dtype=int))
    assert info["data"].tolist() == ["wine", "synthetic/tiny-0"]
    env.set_options({"data": "iris", "task": 7})
    for _ in range(2):
        observation, *_, info = env.step(np.zeros(2, dtype=int))
    assert info["data"].tolist() == ["iris", "iris"]
    # Of one number, whatever the seed: the same split, first sample and chance.
    np.testing.assert_array_equal(observation["candidates"][0], observation["candidates"][1])
    played = {tuple(env.reset(seed=seed, options={})[1]["data"].tolist()) for seed in range(8)}
    assert {name for names in played for name in names} == {"iris", "wine"}


def test_a_task_of_ones_own_is_played(recipe):
    task = draw_task(load_data_set("wine"), [3])
    env = ActiveLearningEnv(recipe(budget={"labels": 2}))
    observation, info = env.reset(options={"task": task})
    assert info["data"] == "wine"
    again, _ = env.reset()
    np.testing.assert_array_equal(observation["loop"], again["loop"])


def test_options_that_are_none_are_refused(recipe):
    env = ActiveLearningVectorEnv(recipe(), num_envs=2)
    with pytest.raises(InvalidRecipeError, match='did you mean "data"'):
        env.reset(options={"dta": "iris"})
    with pytest.raises(InvalidRecipeError, match="3 data sets given for 2 sub-environments"):
        env.reset(options={"data": ["iris"] * 3})
    with pytest.raises(InvalidQueryError, match="reset first"):
        env.reset(options={"reset_mask": np.array([True, False])})


def test_a_mask_is_what_discrete_spaces_sample_by(recipe):
    env = ActiveLearningEnv(recipe())
    _, info = env.reset(seed=0)
    env.action_space.seed(0)
    assert info["action_mask"].dtype == np.int8
    assert info["action_mask"][env.action_space.sample(info["action_mask"])]


def test_labels_of_a_step_are_what_a_discount_by_label_needs(recipe):
    env = ActiveLearningVectorEnv(recipe(budget={"labels": 4, "batch": 2}), num_envs=1, autoreset_mode="SameStep")
    env.reset(seed=0)
    bought = [env.step(np.zeros(1, dtype=int))[-1]["labels"].tolist() for _ in range(4)]
    assert bought == [[0], [2], [0], [2]]


def test_loops_of_envpool_send_and_receive(recipe):
    env = SendReceive(ActiveLearningVectorEnv(recipe(), num_envs=3))
    env.async_reset(seed=0)
    *_, info = env.recv()
    actions = np.array([2, 0, 1])
    env.send(actions[[2, 0, 1]], info["env_id"][[2, 0, 1]])
    _, rewards, *_ = env.recv()
    alone = ActiveLearningVectorEnv(recipe(), num_envs=3)
    alone.reset(seed=0)
    np.testing.assert_array_equal(rewards, alone.step(actions)[1])
    with pytest.raises(NoAsyncCallError, match="call send first"):
        env.recv()
    env.send(actions)
    with pytest.raises(AlreadyPendingCallError, match="call recv first"):
        env.send(actions)


def test_the_pace_group_says_the_batch_and_the_lead_over_the_paired_run(recipe):
    paced = recipe(
        observation={"features": ["confidence", "loop", "pace"]},
        budget={"labels": 8, "batch": 4},
        reward={"against": "margin"},
    )
    env = ActiveLearningVectorEnv(paced, num_envs=2, autoreset_mode="SameStep")
    observation, _ = env.reset(seed=0)
    seen = [observation["loop"][:, -2:]]
    for _ in range(7):
        observation, *_ = env.step(np.array([7, 5]))
        seen.append(observation["loop"][:, -2:])
    assert [float(each[0, 0]) for each in seen] == [0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75]
    rival = env.game._rival.standing.score
    np.testing.assert_array_equal(seen[-1][:, 1], (env.game.score() - rival).numpy())
    assert np.abs(seen[-1][:, 1]).max() > 0
    # Nobody knows it outside an environment: there it is zero.
    assert (
        not FeatureSet(["confidence", "loop", "pace"])
        .observe(example_view(), torch.zeros(3, 1).long())
        .loop[:, -2:]
        .any()
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_refused_options_take_force_in_no_sub_environment_and_refused_actions_play_nothing(recipe, workers):
    env = ActiveLearningVectorEnv(recipe(budget={"labels": 1}), num_envs=2, workers=workers)
    try:
        before, _ = env.reset(seed=0)
        for task in (-1, [0, 1.5], ["a", None], [[0], [1]]):
            with pytest.raises(InvalidRecipeError, match=r"task = .* given"):
                env.reset(options={"data": "wine", "task": task})
            with pytest.raises(InvalidRecipeError, match=r"task = .* given"):
                env.set_options({"data": "wine", "task": task})
        with pytest.raises(InvalidRecipeError, match="3 tasks given"):
            env.set_options({"task": [1, 2, 3]})
        for actions in (None, [0.5, 0], [0, None], [0], [0, 0, 0], "ab", [[0], [1, 2]]):
            with pytest.raises(InvalidQueryError, match="given"):
                env.step(actions)
        after, info = env.reset(seed=0)
        assert info["data"].tolist() == ["synthetic/tiny-0"] * 2
        np.testing.assert_array_equal(after["candidates"], before["candidates"])
    finally:
        env.close()


def test_seeds_that_are_none_are_refused_before_options_take_force(recipe):
    env = ActiveLearningVectorEnv(recipe(), num_envs=2)
    for seed in (-1, [0], [0, -1], [0, None], "ab"):
        with pytest.raises(InvalidRecipeError, match="seed"):
            env.reset(seed=seed, options={"data": "iris"})
    _, info = env.reset(seed=0)
    assert info["data"].tolist() == ["synthetic/tiny-0"] * 2


@pytest.mark.parametrize("name", ["weights", "wine-batch"])
def test_what_an_agent_is_shown_is_its_own_to_write_to(name, chooser):
    """An observation that was normalised in place changed what the action chose, and info["spent"] the budget."""
    plain, written = (ActiveLearningVectorEnv(shorter(name, 8), num_envs=2) for _ in range(2))
    (_, info), (seen, other) = plain.reset(seed=3), written.reset(seed=3)
    someone = chooser(plain)
    for step in range(6):
        actions = np.stack([someone(mask, step, i) for i, mask in enumerate(info["action_mask"])])
        for array in (*seen.values(), other["spent"], other["score"], other["true_return"], other["action_mask"]):
            array[:] = 0
        _, rewards, _, _, info = plain.step(actions)
        seen, others, _, _, other = written.step(actions)
        assert rewards.tolist() == others.tolist()
        assert info["spent"].tolist() == other["spent"].tolist()
