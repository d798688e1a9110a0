"""Shaping sums to minus the first potential, whatever is played, and never touches the true return."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.rewards.shaping import Shaping
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidRecipeError


@given(st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=9), st.floats(0.1, 1.0))
def test_it_telescopes(potentials, discount):
    shaping = Shaping(discount=discount)
    last = len(potentials) - 2
    total = 0.0
    for step, (before, after) in enumerate(pairwise(potentials)):
        added = shaping.added(torch.tensor([before]), torch.tensor([after]), torch.tensor([step == last]))
        total += discount**step * float(added)
    assert total == pytest.approx(-potentials[0], abs=1e-4)


@pytest.mark.parametrize(("potential", "weight"), [("score", 3.0), ("pool-entropy", -2.0)])
@pytest.mark.parametrize("batch", [1, 3])
def test_in_an_episode_it_sums_to_minus_the_first_potential_beside_the_true_return(
    recipe, someone, potential, weight, batch
):
    shaping = {"potential": potential, "weight": weight, "discount": 0.9}
    budget = {"labels": 7, "batch": batch}
    plain = ActiveLearningEnv(recipe(budget=budget))
    shaped = ActiveLearningEnv(recipe(budget=budget, reward={"shaping": shaping}))
    observation, info = shaped.reset(seed=2)
    if potential == "score":
        first = weight * info["score"]
    else:
        column = [feature.name for feature in shaped.game.features.loop].index(potential)
        first = weight * observation["loop"][column]
    plain.reset(seed=2)
    added, returns, over = 0.0, 0.0, False
    for step in range(7):
        action = someone(info["action_mask"], step)
        _, true, *_ = plain.step(action)
        _, reward, over, _, info = shaped.step(action)
        returns += true
        added += 0.9**step * (reward - true)
        assert info["true_return"] == pytest.approx(returns, abs=1e-6)
    assert over
    assert added == pytest.approx(-first, abs=1e-5)


def test_each_of_many_episodes_is_shaped_from_its_own_beginning(recipe):
    env = ActiveLearningVectorEnv(
        recipe(budget={"labels": 2}, reward={"shaping": {"discount": 1.0}}), num_envs=2, autoreset_mode="SameStep"
    )
    _, info = env.reset(seed=0)
    for _ in range(3):
        first, total = info["score"].copy(), np.zeros(2)
        for _ in range(2):
            _, rewards, _, _, info = env.step(np.array([1, 2]))
            total += rewards
        true = info["final_info"]["true_return"]
        assert total - true == pytest.approx(-first, abs=1e-5)
        assert info["true_return"].tolist() == [0, 0]


def test_what_shapes_nothing_or_is_not_observed_is_refused(recipe):
    with pytest.raises(InvalidRecipeError, match="weight = 0 given, which shapes nothing"):
        recipe(reward={"shaping": {"weight": 0.0}})
    with pytest.raises(InvalidRecipeError, match=r"discount = 1\.5 given; give a number above 0, at most 1"):
        recipe(reward={"shaping": {"discount": 1.5}})
    with pytest.raises(InvalidRecipeError, match='unknown potential "pool-entropi"; did you mean "pool-entropy"'):
        recipe(reward={"shaping": {"potential": "pool-entropi"}})
