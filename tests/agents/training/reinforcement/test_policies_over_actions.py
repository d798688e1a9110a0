"""Reinforcement over weights and over rules: a training ends in a policy that is kept, and plays as any strategy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.reinforcement_recipes import LEARNS
from alrl.agents.training.reinforcement.actor_critic import WeigherActorCriticPolicy, WeigherSACPolicy
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.evaluation.simulate import simulate
from alrl.recipes import parse

WEIGHTS: dict[str, Any] = {
    "kind": "weights",
    "features": ["margin", "entropy-rank", "isolation-ratio"],
    "scored": "candidates",
    "candidates": {"count": 6},
}
RULES: dict[str, Any] = {"kind": "rule", "rules": ["margin", "random", "core-set"]}
LEARNT = [("weights", "ppo"), ("weights", "sac"), ("weights", "a2c"), ("rule", "ppo"), ("rule", "dqn")]


def env_of(tiny_env: EnvRecipe, action: dict[str, Any], **budget: int) -> EnvRecipe:
    content = {**tiny_env.model_dump(), "action": action}
    content["budget"] = {**content["budget"], **budget}
    return parse(EnvRecipe, content, where="test")


def agent(algorithm: str, **settings: Any) -> TrainedRecipe:
    """256 queries of four episodes, in steps large enough to be seen."""
    more = {"warm_up": 32, "batch": 32, "updates": 2} if algorithm in {"sac", "dqn"} else {}
    shown = {"kind": algorithm, "steps": 256, "envs": 4, "learning_rate": 0.02, **more}
    content = {"kind": "trained", "keep": "last", "network": {"width": 8}, "reinforcement": shown, **settings}
    return parse(TrainedRecipe, content, where="test")


@pytest.mark.parametrize(("kind", "algorithm"), LEARNT)
def test_it_trains_is_kept_and_plays_in_a_batch_as_alone(
    kind: str, algorithm: str, tiny_env: EnvRecipe, tmp_path: Path
) -> None:
    env = env_of(tiny_env, WEIGHTS if kind == "weights" else RULES)
    trainer = Trainer(agent=agent(algorithm), env=env, seed=1, workers=1)
    start, policy = trainer.untrained(), trainer.train("mine")
    assert policy.fingerprint != start.fingerprint
    assert all(bool(value.isfinite().all()) for value in policy.network.state_dict().values())
    assert policy.card["stage"] == algorithm
    assert policy.card["work"]["steps"] >= 256
    # Each query is fitted to twice, for the agent and for the paired run, and there are first samples besides.
    assert policy.card["work"]["refits"] > 2 * 256
    loaded = load_policy(save_policy(policy, tmp_path / "mine"))
    assert loaded.fingerprint == policy.fingerprint
    assert type(loaded.network) is type(policy.network)
    both = simulate("iris", policy, labels=5, seeds=3).picks
    assert (simulate("iris", loaded, labels=5, seeds=3).picks == both).all()
    alone = [simulate("iris", policy, labels=5, seeds=[seed]).picks[0] for seed in range(3)]
    assert (both == np.stack(alone)).all()
    assert simulate("iris", loaded, labels=6, batch=3, seeds=2).picks.shape == (2, 6)


@pytest.mark.parametrize("kind", ["weights", "rule"])
def test_before_training_it_plays_as_margin_sampling(kind: str, tiny_env: EnvRecipe) -> None:
    env = env_of(tiny_env, WEIGHTS if kind == "weights" else RULES)
    start = Trainer(agent=agent("ppo"), env=env, seed=1).untrained()
    ours, margin = (simulate("iris", each, labels=8, seeds=3).picks for each in (start, "margin"))
    assert (ours == margin).all()


@pytest.mark.parametrize("policy_class", [WeigherActorCriticPolicy, WeigherSACPolicy])
def test_the_likeliest_action_is_what_the_policy_weighs_by(policy_class: Any, tiny_env: EnvRecipe) -> None:
    env = env_of(tiny_env, WEIGHTS)
    environment = ActiveLearningVecEnv(env, num_envs=2, seed=0)
    network: Any = Trainer(agent=agent("ppo"), env=env, seed=1).untrained().network
    with torch.no_grad():
        network.head.weight.uniform_(-1, 1, generator=torch.Generator().manual_seed(1))
    model = policy_class(environment.observation_space, environment.action_space, lambda _: 1e-3, scorer=network)
    observation: Any = environment.reset()
    actions, _ = model.predict(observation, deterministic=True)
    seen = {name: torch.as_tensor(np.asarray(value)) for name, value in observation.items()}
    with torch.no_grad():
        weights = network.weights(seen["candidates"], seen["loop"])
    np.testing.assert_allclose(actions, weights.numpy(), atol=1e-6)
    tried, _ = model.predict(observation, deterministic=False)
    assert np.abs(tried - actions).max() > 0.01
    kept = {id(parameter) for parameter in model.parameters()}
    assert not kept & {id(parameter) for parameter in network.parameters()}


@pytest.mark.parametrize(
    ("given", "action", "budget", "message"),
    [
        (agent("sac"), {"kind": "record"}, {}, "sac cannot learn actions of kind record; these can: ppo, maskable-ppo"),
        (agent("dqn"), WEIGHTS, {}, "dqn cannot learn actions of kind weights; these can: ppo, a2c, sac"),
        (agent("ppo", imitation={}), RULES, {}, "kind rule are learnt by reinforcement alone"),
        (agent("ppo"), RULES, {"batch": 2}, "batch = 2 given; a policy over rule is trained on single queries"),
        (agent("ppo"), {**WEIGHTS, "scored": "pool"}, {}, 'give scored = "candidates"'),
        (agent("ppo", candidates={}), RULES, {}, "candidates have no meaning for a policy over rules"),
        (agent("ppo"), {**WEIGHTS, "features": ["entropy"]}, {}, "margin among them"),
        (agent("ppo", network={"start": "none"}), WEIGHTS, {}, "have no meaning for a policy over weights"),
        (agent("ppo"), {**RULES, "rules": ["margin", "ucb"]}, {}, "rule 'ucb' learns from round to round"),
        (
            agent("ppo"),
            {**RULES, "rules": ["margin", "alrl.strategies.uncertainty_sampling:Entropy"]},
            {},
            "a policy chooses among registered strategies alone",
        ),
    ],
)
def test_what_cannot_be_learnt_is_refused_before_any_work(
    given: TrainedRecipe, action: dict[str, Any], budget: dict[str, int], message: str, tiny_env: EnvRecipe
) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        Trainer(agent=given, env=env_of(tiny_env, action, **budget))


def test_every_pair_that_can_be_learnt_is_known() -> None:
    assert {(kind, each) for kind, each in LEARNT} <= {(kind, each) for each, kinds in LEARNS.items() for kind in kinds}


def test_a_policy_file_cannot_name_code_of_its_own(tiny_env: EnvRecipe, tmp_path: Path) -> None:
    policy: Policy = Trainer(agent=agent("ppo"), env=env_of(tiny_env, RULES), seed=1).untrained()
    folder = save_policy(policy, tmp_path / "mine")
    content = json.loads((folder / "policy.json").read_text())
    assert content["candidates"] == {"rules": ["margin", "random", "core-set"]}
    content["candidates"]["rules"][1] = "antigravity:Strategy"
    (folder / "policy.json").write_text(json.dumps(content))
    with pytest.raises(PolicyFileError, match=r"registered strategies alone|changed after training"):
        load_policy(folder)
