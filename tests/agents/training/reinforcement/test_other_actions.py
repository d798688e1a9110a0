"""Stable-Baselines3's own agents train on actions that are no records: rules, weights, sizes of batches, stop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from alrl import recipes
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv

STEPS, TOGETHER = 2_048, 32
PLAIN = {
    "data": {"sets": ["synthetic/tiny-0"]},
    "budget": {"labels": 12},
    "observation": {"features": ("confidence", "loop")},
}
RULES = ["margin", "random", "core-set"]
SETTINGS = {"n_steps": 8, "batch_size": 128, "n_epochs": 6, "learning_rate": 3e-3, "gamma": 0.95, "seed": 0}


class Diary(BaseCallback):
    """What was done, in order, and how long episodes were."""

    def __init__(self):
        super().__init__()
        self.actions, self.lengths, self.losses = [], [], []

    def _on_step(self):
        self.actions.append(np.array(self.locals["actions"]))
        self.lengths += [info["episode"]["l"] for info in self.locals["infos"] if "episode" in info]
        return True

    def _on_rollout_start(self):
        self.losses.append(self.logger.name_to_value.get("train/loss", 0.0))


def trained(algorithm, **tables):
    """A model trained on an environment, its parameters before, and the diary."""
    recipe = recipes.parse(EnvRecipe, {**PLAIN, **tables}, where="test.toml")
    env = ActiveLearningVecEnv(recipe, num_envs=TOGETHER, seed=0)
    torch.manual_seed(0)
    model = algorithm("MultiInputPolicy", env, **SETTINGS)
    before = [value.detach().clone() for value in model.policy.parameters()]
    diary = Diary()
    model.learn(STEPS, callback=diary)
    after = list(model.policy.parameters())
    assert all(value.isfinite().all() for value in after)
    assert np.isfinite(diary.losses).all()
    assert any(loss != 0 for loss in diary.losses)
    assert sum(not torch.equal(one, other) for one, other in zip(before, after, strict=True)) > len(after) / 2
    assert len(diary.actions) * TOGETHER == model.num_timesteps == STEPS
    return model, env, diary


def test_ppo_trains_on_rules_and_plays_all_of_them():
    _, _, diary = trained(PPO, action={"kind": "rule", "rules": RULES})
    played = np.bincount(np.concatenate(diary.actions), minlength=len(RULES)) / STEPS
    assert len(played) == len(RULES)
    assert played.min() > 0.05
    assert set(diary.lengths) == {12}


def test_ppo_trains_on_weights_and_uses_every_dimension():
    weighed = ["margin", "entropy", "margin-rank"]
    action = {"kind": "weights", "features": weighed, "sizes": [1, 4], "stop": True}
    _, env, diary = trained(PPO, action=action)
    given = np.concatenate(diary.actions)
    assert given.shape == (STEPS, *env.action_space.shape) == (STEPS, 5)
    assert (given.std(0) > 0.2).all()
    # The last two dimensions are a size and the switch that stops: episodes end early and late.
    assert min(diary.lengths) < 6
    assert len(set(diary.lengths)) > 4


@pytest.mark.parametrize("dear", [True, False])
def test_maskable_ppo_learns_to_stop_where_labels_are_dear(dear):
    action = {"candidates": {"count": 6}, "sizes": [1, 3], "stop": True}
    _, env, diary = trained(
        MaskablePPO,
        action=action,
        cost={"label": 1.0 if dear else 0.0},
        reward={"kind": "net-value", "value": 1.0 if dear else 30.0},
    )
    stop, done = env.action_space.n - 1, np.concatenate(diary.actions)
    assert stop == 12
    assert set(done.tolist()) == set(range(13))
    early, late = (np.mean(part == stop) for part in (done[: STEPS // 4], done[-STEPS // 4 :]))
    # By lot one choice in thirteen stops.
    assert early < 0.3
    assert late > 0.6 if dear else late < 0.05
