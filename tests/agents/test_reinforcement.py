"""PPO on the vector environment: it learns, it respects masks, and it leaves the global generators alone."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from alrl.agents.policy import Policy
from alrl.agents.recipe import PPORecipe
from alrl.agents.reinforcement import SetActorCriticPolicy, _minibatch, improve
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv

SETTINGS = PPORecipe(steps=96, envs=4, learning_rate=1e-3)


@pytest.fixture
def start(tiny_env: EnvRecipe) -> Policy:
    return Policy.untrained(tiny_env.observation.build(), tiny_env.action.candidates.build(), width=8)


def test_it_trains_logs_and_leaves_the_global_generators_as_they_were(
    start: Policy, tiny_env: EnvRecipe, tmp_path: Path
) -> None:
    before = start.fingerprint
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    seen: list[tuple[int, float | None]] = []
    better = improve(
        start, tiny_env, SETTINGS, seed=0, log=tmp_path, progress=lambda steps, mean: seen.append((steps, mean))
    )
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states[1:]  # noqa: NPY002
    assert start.fingerprint == before != better.fingerprint
    assert better.network.margin_weight.requires_grad
    assert seen[0] == (4, None)
    assert seen[-1][0] == 96
    assert isinstance(seen[-1][1], float)
    events = EventAccumulator(str(tmp_path / "ppo_1"))
    events.Reload()
    assert {"rollout/ep_rew_mean", "train/value_loss", "train/approx_kl"} <= set(events.Tags()["scalars"])


def test_the_seed_decides_the_weights(start: Policy, tiny_env: EnvRecipe) -> None:
    first, again, other = (improve(start, tiny_env, SETTINGS, seed=seed).fingerprint for seed in (0, 0, 1))
    assert first == again != other


def test_a_candidate_that_the_mask_forbids_is_never_played(start: Policy, tiny_env: EnvRecipe) -> None:
    environment = ActiveLearningVecEnv(tiny_env, num_envs=2, seed=0)
    model = SetActorCriticPolicy(
        environment.observation_space, environment.action_space, lambda _: 1e-3, scorer=start.network
    )
    observation = {
        name: torch.as_tensor(value).repeat(200, *[1] * (value.ndim - 1)) for name, value in _reset(environment).items()
    }
    allowed = torch.zeros(400, 6)
    allowed[:, [1, 4]] = 1.0
    observation["mask"] = allowed.to(observation["mask"].dtype)
    actions, values, log_probability = model(observation)
    assert set(actions.tolist()) == {1, 4}
    assert values.shape == (400, 1)
    assert torch.isfinite(log_probability).all()
    assert torch.isfinite(model.get_distribution(observation).entropy()).all()


def test_actor_and_critic_learn_apart(start: Policy, tiny_env: EnvRecipe) -> None:
    environment = ActiveLearningVecEnv(tiny_env, num_envs=2, seed=0)
    model = SetActorCriticPolicy(
        environment.observation_space, environment.action_space, lambda _: 1e-3, scorer=start.network
    )
    held = {id(parameter) for group in model.optimizer.param_groups for parameter in group["params"]}
    assert all(id(parameter) in held for parameter in model.actor.parameters())
    observation = {name: torch.as_tensor(value) for name, value in _reset(environment).items()}
    model(observation)[1].sum().backward()
    assert all(parameter.grad is None for parameter in model.actor.parameters())


@pytest.mark.parametrize(("steps", "size"), [(2048, 512), (1920, 480), (96, 96), (7, 7), (1021, 1)])
def test_minibatches_divide_the_queries(steps: int, size: int) -> None:
    assert _minibatch(steps) == size


def _reset(environment: ActiveLearningVecEnv) -> dict[str, np.ndarray]:
    observation = environment.reset()
    assert isinstance(observation, dict)
    return observation
