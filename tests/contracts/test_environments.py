"""What every environment in the folder promises, on a small budget: alone as among many, and the same again."""

from __future__ import annotations

import pytest

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.vector_env import ActiveLearningVectorEnv
from tests.envs.playing import NAMES, assert_same_episodes, chosen, single_episodes, small, vector_episodes

EPISODES = 3


@pytest.mark.parametrize("name", NAMES)
def test_each_of_many_episodes_is_the_one_played_alone(name: str) -> None:
    recipe = small(name)
    vector, alone = ActiveLearningVectorEnv(recipe, num_envs=2), ActiveLearningEnv(recipe)
    played = vector_episodes(vector, lambda mask, *place: chosen(vector, mask, *place), 5, EPISODES)
    # The second of them, whose batch the first may have padded.
    expected = single_episodes(alone, lambda mask, *place: chosen(alone, mask, *place), 6, EPISODES, 1)
    assert_same_episodes(played[1], expected, vector.game.features)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_episode_to_the_last_bit(name: str) -> None:
    recipe = small(name)
    once, again = (
        single_episodes(env, lambda mask, *place, env=env: chosen(env, mask, *place), 1, 1, 0)
        for env in (ActiveLearningEnv(recipe), ActiveLearningEnv(recipe))
    )
    assert_same_episodes(once, again, recipe.observation.build(), exact=True)


@pytest.mark.parametrize("name", NAMES)
def test_an_episode_ends_within_its_budget_and_tells_its_true_return(name: str) -> None:
    env = ActiveLearningEnv(small(name))
    _, info = env.reset(seed=2)
    total, over, step = 0.0, False, 0
    while not over:
        assert info["action_mask"].shape == env.action_masks().shape
        _, reward, over, truncated, info = env.step(chosen(env, info["action_mask"], step))
        total, step = total + reward, step + 1
        assert not truncated
        assert info["spent"] <= env.recipe.budget.labels
    if env.recipe.reward.shaping is None:
        assert info["true_return"] == pytest.approx(total, rel=1e-5, abs=1e-4)
