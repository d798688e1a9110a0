"""Speeds of the environment recipes: steps as they were played, of actions that the masks allow."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from alrl import recipes
from alrl.envs.vector_env import ActiveLearningVectorEnv
from benchmarks import recipe_speeds
from benchmarks.recipe_speeds import measure_recipe, random_actions, recipe_names
from benchmarks.workloads import Size

SIZE = Size(repeats=2, recipe_episodes=(1, 3), recipe_seconds=0.0)


def test_every_recipe_is_measured():
    assert recipe_names() == recipes.names("envs")


@pytest.mark.parametrize(("name", "least"), [("wine-batch", 5), ("weights", 1)])
def test_as_many_steps_are_played_as_are_told(monkeypatch, name, least):
    played, ticks = [], []
    step = ActiveLearningVectorEnv.step

    def counted(self, actions):
        played.append(self.num_envs)
        return step(self, actions)

    monkeypatch.setattr(ActiveLearningVectorEnv, "step", counted)
    alone, several = measure_recipe(name, SIZE, ticks.append)
    # No time is given: a batch is filled, which an action of weights does by itself; two episodes warm up.
    assert alone.steps == several.steps == (least, least)
    assert [played.count(episodes) for episodes in (2, 1, 3)] == [least + 1, 2 * least, 2 * least]
    assert (alone.recipe, alone.episodes, several.episodes, ticks) == (name, 1, 3, [name, name])
    assert min(*alone.seconds, *alone.starts, *several.seconds, *several.starts) > 0
    assert several.speeds == tuple(3 * least / spent for spent in several.seconds)


def test_time_that_is_given_is_played(monkeypatch):
    clock = iter(np.arange(0.0, 1e6, 0.25))
    monkeypatch.setattr(recipe_speeds, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))
    env = ActiveLearningVectorEnv("weights", num_envs=1)
    steps, seconds, start = recipe_speeds._play(env, seed=0, least=1, seconds=1.0)
    assert (steps, start) == (4, 0.25)
    assert seconds >= 1.0


def test_actions_are_what_the_mask_allows_each_as_likely():
    env = ActiveLearningVectorEnv("wine-batch", num_envs=400)
    mask = np.zeros((400, 16), dtype=bool)
    mask[:, [3, 7]] = True
    drawn = random_actions(env, mask, np.random.default_rng(0))
    assert set(drawn.tolist()) == {3, 7}
    assert 150 < (drawn == 3).sum() < 250
    box = ActiveLearningVectorEnv("weights", num_envs=400)
    drawn = random_actions(box, mask, np.random.default_rng(0))
    assert drawn.shape == box.action_space.shape
    assert drawn.min() < -0.9
    assert drawn.max() > 0.9
