"""Pictures of episodes from the environments: one, many, a line of text, and Gymnasium's own recording of them."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidQueryError, InvalidRecipeError


def test_a_picture_moves_with_every_pick_and_begins_anew_with_the_episode(recipe):
    env = ActiveLearningEnv(recipe(budget={"labels": 2}), render_mode="rgb_array")
    assert env.metadata["render_fps"] == 4
    env.reset(seed=0)
    frames = [env.render()]
    for _ in range(2):
        env.step(1)
        frames.append(env.render())
    assert all(frame.shape == (450, 900, 3) and frame.dtype == np.uint8 for frame in frames)
    assert (frames[0] != frames[1]).any()
    assert (frames[1] != frames[2]).any()
    env.reset(seed=0)
    np.testing.assert_array_equal(env.render(), frames[0])
    env.close()


def test_rendering_changes_nothing_that_is_played(recipe):
    plain, drawn = ActiveLearningEnv(recipe()), ActiveLearningEnv(recipe(), render_mode="rgb_array")
    plain.reset(seed=0)
    drawn.reset(seed=0)
    for _ in range(4):
        one, other = plain.step(2), drawn.step(2)
        np.testing.assert_array_equal(one[0]["candidates"], other[0]["candidates"])
        assert one[1] == other[1]


def test_without_a_screen_each_step_is_a_line(recipe, capsys):
    env = ActiveLearningEnv(recipe(), render_mode="human")
    env.reset(seed=0)
    env.step(0)
    assert env.render() is None
    env.close()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("0 labels bought, accuracy ")
    assert "1 labels bought" in lines[1]


def test_many_episodes_are_as_many_pictures_each_its_own(recipe):
    env = ActiveLearningVectorEnv(
        recipe(budget={"labels": 2}), num_envs=2, autoreset_mode="SameStep", render_mode="rgb_array"
    )
    env.reset(seed=0)
    alone = ActiveLearningEnv(recipe(budget={"labels": 2}), render_mode="rgb_array")
    alone.reset(seed=1)
    env.step(np.array([0, 3]))
    alone.step(3)
    frames = env.render()
    assert len(frames) == 2
    np.testing.assert_array_equal(frames[1], alone.render())
    env.step(np.array([0, 3]))
    # The next episode has begun.
    assert env.pictures[1].line().startswith("0 labels bought")


def test_gymnasium_records_a_film_of_frames(recipe):
    env = gymnasium.wrappers.RenderCollection(ActiveLearningEnv(recipe(), render_mode="rgb_array"))
    env.reset(seed=0)
    for _ in range(3):
        env.step(0)
    assert len(env.render()) == 4


def test_what_cannot_be_drawn_is_refused(recipe):
    with pytest.raises(InvalidRecipeError, match="render_mode = 'ansi' given; allowed: None, human, rgb_array"):
        ActiveLearningEnv(recipe(), render_mode="ansi")
    with pytest.raises(InvalidRecipeError, match="render_mode = 'human' given; allowed are None and \"rgb_array\""):
        ActiveLearningVectorEnv(recipe(), num_envs=2, render_mode="human")
    with pytest.raises(InvalidQueryError, match="call reset first"):
        ActiveLearningEnv(recipe(), render_mode="rgb_array").render()
