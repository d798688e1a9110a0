"""A batch is filled pick by pick: the learner is refitted only when it is full, the features know what it holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alrl.envs.env import ActiveLearningEnv


@pytest.fixture
def env(recipe):
    return ActiveLearningEnv(recipe(budget={"labels": 9, "batch": 3}))


def column(env, name):
    return [feature.name for feature in env.game.features.record].index(name)


def test_labels_are_bought_and_rewards_paid_when_it_is_full(env):
    env.reset(seed=1)
    rewards, spent, fits = [], [], []
    for _ in range(9):
        _, reward, *_, info = env.step(0)
        rewards.append(reward)
        spent.append(int(info["spent"]))
        fits.append(float(env.game.simulator.view.trajectory.loops[0]))
    assert spent == [0, 0, 3, 3, 3, 6, 6, 6, 9]
    assert fits == [0, 0, 1, 1, 1, 2, 2, 2, 3]
    assert [reward for reward, bought in zip(rewards, np.diff([0, *spent]), strict=True) if not bought] == [0] * 6


def test_what_it_holds_is_no_candidate_any_more(env):
    env.reset(seed=1)
    taken = []
    for _ in range(3):
        taken.append(int(env.game.candidates[0, 2]))
        env.step(2)
        assert not set(taken) & set(env.game.candidates[0].tolist())
    assert len(set(taken)) == 3
    assert bool(env.game.simulator.view.labelled[0, taken].all())


def test_the_learner_and_the_margin_stay_while_it_is_filled(env):
    env.reset(seed=1)
    before = env.game.simulator.view.probabilities.clone()
    env.step(0)
    env.step(0)
    assert env.game.simulator.view.probabilities.equal(before)
    env.step(0)
    assert not env.game.simulator.view.probabilities.equal(before)


def test_the_features_see_what_it_holds(env):
    env.reset(seed=1)
    isolation, known = column(env, "isolation-ratio"), column(env, "known-neighbours")
    start = env.game.view
    everyone = torch.arange(start.exists.shape[1])[None]
    before = env.game.features.observe(start, everyone).candidates[0]
    pick = int(env.game.candidates[0, 3])
    env.step(3)
    after = env.game.features.observe(env.game.view, everyone).candidates[0]
    assert after[pick, isolation] == -1
    assert bool((after[:, isolation] <= before[:, isolation]).all())
    assert bool((after[:, isolation] < before[:, isolation]).any())
    _, neighbours = start.geometry.neighbours
    beside = (neighbours[0] == pick).any(1)
    assert (after - before)[:, known].tolist() == pytest.approx((0.1 * beside).tolist(), abs=1e-6)


def test_it_can_be_filled_in_a_fully_paired_run(recipe):
    env = ActiveLearningEnv(recipe(budget={"labels": 7, "batch": 3}, reward={"against": "margin"}))
    env.reset(seed=1)
    rewards = [env.step(5)[1] for _ in range(7)]
    assert [rewards[n] for n in (0, 1, 3, 4)] == [0] * 4
    assert env.game.simulator.view.spent.tolist() == [7]
