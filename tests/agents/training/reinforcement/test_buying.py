"""MaskablePPO learns how much to buy: where labels are dear a trained policy stops, where they are free it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from alrl.agents.buyer_policy import returns
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.agents.training.validation import gains_by_stage
from alrl.envs.recipe import EnvRecipe
from alrl.recipes import parse

AGENT: dict[str, Any] = {
    "kind": "trained",
    "network": {"width": 16},
    "reinforcement": {
        "kind": "maskable-ppo",
        "steps": 2048,
        "envs": 32,
        "rollout": 8,
        "learning_rate": 1e-2,
        "clip": 0.2,
        "discount": 1.0,
    },
}


def recipe(label: float) -> EnvRecipe:
    data: dict[str, Any] = {
        "data": {"synthetic": {"tiny": 4}, "split": {"pool": 0.4, "validation": 0.4, "test": 0.2}},
        "budget": {"labels": 12},
        "cost": {"label": label},
        "observation": {"features": ["confidence", "loop"]},
        "action": {"kind": "rule", "rules": ["margin", "random"], "sizes": [1, 4], "stop": True},
        "reward": {"kind": "net-value", "value": 10.0},
    }
    return parse(EnvRecipe, data, where="test")


@pytest.mark.parametrize("label", [5.0, 0.0])
def test_a_dear_label_is_not_bought_and_a_free_one_is(label: float) -> None:
    env = recipe(label)
    trainer = Trainer(agent=parse(TrainedRecipe, AGENT, where="test"), env=env, seed=1, workers=1)
    policy = trainer.train("buyer")
    tasks = trainer._tasks(env.data.names, 4, 7000)
    paid = returns(policy, env, tasks)
    margin = returns(trainer.untrained(), env, tasks)
    gains = policy.card["validation_gain_over_margin"]
    assert policy.card["judged_by"] == "return"
    assert gains["untrained"] == 0
    assert set(gains) == {"untrained", "maskable-ppo", "maskable-ppo by lot"}
    assert gains[policy.card["stage"]] == max(gains.values())
    assert "of return over margin" in gains_by_stage(policy.card)
    if label:
        # Twelve labels cost 60, and no gain of accuracy is worth more than 10.
        assert policy.card["stage"] != "untrained"
        assert float(margin.mean()) < -50
        assert float(paid.mean()) > -6
    else:
        assert float(paid.mean()) > 0.5 * float(margin.mean()) > 0


def test_the_seed_decides_the_weights() -> None:
    few = {**AGENT, "keep": "last", "reinforcement": {**AGENT["reinforcement"], "steps": 256}}
    agent = parse(TrainedRecipe, few, where="test")
    first, again, other = (
        Trainer(agent=agent, env=recipe(1.0), seed=seed, workers=1).train().fingerprint for seed in (0, 0, 1)
    )
    assert first == again != other
