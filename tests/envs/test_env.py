from __future__ import annotations

import dataclasses

import gymnasium
import numpy as np
import pytest

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.task_source import TaskSource
from alrl.errors import AlrlError, InvalidDataError, InvalidQueryError, InvalidRecipeError


def episode(env, someone, seed=None, mark=0):
    """Observations, rewards and infos from reset to the end."""
    observation, info = env.reset(seed=seed)
    seen, rewards, infos, over = [observation], [], [info], False
    while not over:
        action = someone(info["action_mask"], mark, len(rewards))
        observation, reward, over, truncated, info = env.step(action)
        assert not truncated
        seen.append(observation)
        rewards.append(reward)
        infos.append(info)
    return seen, rewards, infos


def same(a, b):
    return len(a) == len(b) and all(
        np.array_equal(one[name], other[name]) for one, other in zip(a, b, strict=True) for name in one
    )


def test_the_seed_decides_the_episode(recipe, someone):
    first, again = (episode(ActiveLearningEnv(recipe()), someone, seed=4) for _ in range(2))
    other = episode(ActiveLearningEnv(recipe()), someone, seed=5)
    assert same(first[0], again[0])
    assert first[1] == again[1]
    assert not same(first[0][:1], other[0][:1])


def test_a_reset_without_a_seed_goes_on_with_another_episode_of_the_last_one(recipe, someone):
    env, again = ActiveLearningEnv(recipe()), ActiveLearningEnv(recipe())
    first, second = episode(env, someone, seed=4), episode(env, someone)
    assert not same(first[0][:1], second[0][:1])
    again.reset(seed=4)
    assert same(episode(again, someone)[0], second[0])


def test_without_any_seed_two_environments_differ(recipe):
    assert not same([ActiveLearningEnv(recipe()).reset()[0]], [ActiveLearningEnv(recipe()).reset()[0]])


def test_an_episode_ends_when_the_budget_is_spent(recipe, someone):
    _, rewards, infos = episode(ActiveLearningEnv(recipe()), someone, seed=0)
    assert len(rewards) == 6
    assert [int(info["spent"]) for info in infos] == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("batch", "spent"), [(1, [1, 2, 3, 4, 5, 6, 7, 8]), (3, [0, 0, 3, 3, 3, 6, 6, 8])])
def test_an_episode_ends_when_the_pool_is_exhausted_and_its_last_batch_is_bought(
    recipe, someone, twenty_records, batch, spent
):
    env = ActiveLearningEnv(recipe(data={"sets": [str(twenty_records)]}, budget={"labels": 50, "batch": batch}))
    seen, _, infos = episode(env, someone, seed=1)
    assert [int(info["spent"]) for info in infos[1:]] == spent
    assert [int(one["mask"].sum()) for one in seen] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert not infos[-1]["action_mask"].any()


def test_a_budget_that_is_no_multiple_of_the_batch_ends_with_a_short_one(recipe, someone):
    _, rewards, infos = episode(ActiveLearningEnv(recipe(budget={"labels": 5, "batch": 2})), someone, seed=0)
    assert [int(info["spent"]) for info in infos] == [0, 0, 2, 2, 4, 5]
    assert [rewards[0], rewards[2]] == [0, 0]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("metric", ["accuracy", "balanced-accuracy"])
def test_rewards_sum_to_the_last_score_minus_the_first(recipe, someone, batch, metric):
    env = ActiveLearningEnv(recipe(budget={"labels": 12, "batch": batch}, reward={"metric": metric}))
    _, rewards, infos = episode(env, someone, seed=2)
    assert any(rewards)
    assert sum(rewards) == pytest.approx(infos[-1]["score"] - infos[0]["score"], abs=1e-6)
    assert infos[-1]["score"] == env.game.simulator.outcome("validation").metric(metric)[0]


def test_rewards_against_margin_are_the_gain_less_that_of_the_margin_run(recipe, someone):
    plain = ActiveLearningEnv(recipe(budget={"labels": 12}))
    paired = ActiveLearningEnv(recipe(budget={"labels": 12}, reward={"against": "margin"}))
    _, gains, _ = episode(plain, someone, seed=2)
    plain.reset(seed=2)
    margin = [plain.step(0)[1] for _ in range(12)]
    _, rewards, _ = episode(paired, someone, seed=2)
    assert any(rewards)
    assert rewards == pytest.approx([gain - other for gain, other in zip(gains, margin, strict=True)], abs=1e-6)


def scrambled(task, part):
    """The task with other features and labels in that part."""
    random, rows, data = np.random.default_rng(0), getattr(task.split, part), task.split.data_set
    assert len(rows)
    X, y = data.X.copy(), data.y.copy()
    X[rows], y[rows] = random.normal(size=X[rows].shape) * 9, random.integers(data.n_classes, size=len(rows))
    return dataclasses.replace(task, split=dataclasses.replace(task.split, data_set=type(data).from_arrays(X, y)))


@pytest.mark.parametrize("kind", ["gain", "area", "net-value", "target"])
def test_no_reward_and_no_observation_knows_the_test_part(recipe, someone, monkeypatch, kind):
    draw, played = TaskSource.draw, {}
    for part in ("pool", "test", "validation"):
        # The pool is as it was: what the other two are compared with.
        monkeypatch.setattr(
            TaskSource,
            "draw",
            lambda self, *given, part=part: (
                draw(self, *given) if part == "pool" else scrambled(draw(self, *given), part)
            ),
        )
        env = ActiveLearningEnv(recipe(budget={"labels": 5}, reward={"kind": kind, "against": "margin"}))
        played[part] = episode(env, someone, seed=3)
    assert same(played["test"][0], played["pool"][0])
    assert played["test"][1] == played["pool"][1]
    # Else the test could not fail: the validation part is what rewards are computed from.
    assert played["validation"][1] != played["pool"][1]


@pytest.mark.parametrize("batch", [1, 4])
def test_margins_own_choices_earn_exactly_nothing_against_margin(recipe, batch):
    budget = {"labels": 14, "batch": batch}
    env = ActiveLearningEnv(recipe(budget=budget, reward={"against": "margin"}))
    env.reset(seed=6)
    # The first candidate is the available record of smallest margin.
    assert [env.step(0)[1] for _ in range(14)] == [0.0] * 14


@pytest.mark.parametrize(("action", "where"), [(-1, ""), (8, ""), (3, " (choice 3, batch of 1)")])
def test_an_action_that_is_masked_is_refused(recipe, twenty_records, action, where):
    env = ActiveLearningEnv(recipe(data={"sets": [str(twenty_records)]}, budget={"labels": 50}))
    _, info = env.reset(seed=0)
    for _ in range(6):
        *_, info = env.step(np.flatnonzero(info["action_mask"])[0])
    assert info["action_mask"].sum() == 2
    assert not info["action_mask"][3]
    np.testing.assert_array_equal(env.action_masks(), info["action_mask"])
    with pytest.raises(InvalidQueryError) as error:
        env.step(action)
    assert str(error.value) == (
        f"episode 0: action {action}{where} is not allowed here; allowed are the actions that info['action_mask'] marks"
    )


def test_a_step_after_the_end_is_refused(recipe, someone):
    env = ActiveLearningEnv(recipe())
    episode(env, someone, seed=0)
    with pytest.raises(InvalidQueryError, match="the episode is over; call reset"):
        env.step(0)


def test_a_step_before_the_beginning_is_refused(recipe):
    with pytest.raises(InvalidQueryError, match="call reset first"):
        ActiveLearningEnv(recipe()).step(0)


def test_a_recipe_is_made_by_name_too():
    env = gymnasium.make("alrl/wine-batch-v0")
    assert env.spec.id == "alrl/wine-batch-v0"
    assert env.unwrapped.recipe == ActiveLearningEnv("wine-batch").recipe
    assert env.action_space == gymnasium.spaces.Discrete(16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": -1}, "task = -1 given; it must be at least 0"),
        ({"task": 1.5}, "task = 1.5 given; it must be a whole number"),
        ({"task": "a"}, "task = 'a' given; it must be a whole number"),
        ({"task": True}, "task = True given"),
        ({"data": 5}, "data = 5 given; it must be a data set's name"),
        ({"data": "iriss"}, 'did you mean "iris"'),
        ({"reset_mask": "a"}, "reset_mask = 'a' given"),
        ({"reset_mask": [0.5]}, "reset_mask = .0.5. given"),
        ({"reset_maks": [True]}, 'did you mean "reset_mask"'),
        (["task"], "give a dictionary"),
    ],
)
def test_a_refused_option_does_not_take_force(recipe, options, message):
    env = ActiveLearningEnv(recipe())
    before, _ = env.reset(seed=0, options={"data": "iris", "task": 3})
    with pytest.raises(AlrlError, match=message):
        env.reset(seed=5, options={"data": "wine", **options} if isinstance(options, dict) else options)
    after, info = env.reset(seed=1)
    assert info["data"] == "iris"
    assert same([before], [after])


def test_options_whose_task_cannot_be_drawn_do_not_take_force(recipe, monkeypatch):
    env = ActiveLearningEnv(recipe())
    before, _ = env.reset(seed=0)
    draw = TaskSource.draw

    def failing(source, seed, name=None):
        if name == "wine":
            raise InvalidDataError("too few records")
        return draw(source, seed, name)

    monkeypatch.setattr(TaskSource, "draw", failing)
    with pytest.raises(InvalidDataError):
        env.reset(options={"data": "wine"})
    assert same([before], [env.reset(seed=0)[0]])


@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_a_seed_that_is_none_is_refused_and_forgotten(recipe, seed):
    env, again = ActiveLearningEnv(recipe()), ActiveLearningEnv(recipe())
    for one in (env, again):
        one.reset(seed=0)
    with pytest.raises(InvalidRecipeError, match="seed = "):
        env.reset(seed=seed)
    assert same([env.reset()[0]], [again.reset()[0]])


@pytest.mark.parametrize("action", [1.7, float("nan"), -1, 10**6, None, "a", [0, 1], {}])
def test_what_is_no_action_is_refused_and_nothing_is_played(recipe, action):
    env = ActiveLearningEnv(recipe())
    env.reset(seed=0)
    with pytest.raises(InvalidQueryError, match=r"given|not allowed"):
        env.step(action)
    assert int(env.step(0)[4]["spent"]) == 1


def test_whole_numbers_of_any_type_are_actions(recipe):
    env = ActiveLearningEnv(recipe())
    rewards = []
    for action in (1, 1.0, np.int32(1), np.array(1)):
        env.reset(seed=0)
        rewards.append(env.step(action)[1])
    assert len(set(rewards)) == 1


@pytest.mark.parametrize("seed", [[3], np.array([3]), "3", 1.5, -1])
def test_a_seed_that_is_no_number_leaves_the_episode_as_it_was(recipe, seed):
    env = ActiveLearningEnv(recipe())
    _, before = env.reset(seed=0)
    env.step(0)
    mask, spent = env.action_masks(), env.game.view.spent.tolist()
    with pytest.raises(InvalidRecipeError, match=r"seed = .* given; it must be"):
        env.reset(seed=seed)
    assert env.game.view.spent.tolist() == spent == [before["spent"] + 1]
    assert (env.action_masks() == mask).all()


def test_before_the_first_reset_what_needs_an_episode_says_so(recipe):
    env = ActiveLearningEnv(recipe())
    for ask in (
        env.action_masks,
        lambda: env.step(0),
        env.snapshot,
        lambda: env.branch(np.zeros(1, dtype=int)),
        lambda: env.game.candidates,
        lambda: env.game.chosen,
        lambda: env.game.view,
    ):
        with pytest.raises(InvalidQueryError, match="the environment has no episode yet; call reset first"):
            ask()


def test_a_data_set_without_a_name_is_told_so(recipe):
    env = ActiveLearningEnv(recipe())
    with pytest.raises(InvalidDataError, match="'' given, an empty name; give a data set's name"):
        env.reset(options={"data": ""})
