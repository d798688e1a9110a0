"""Actor and critic of both libraries: what the mask forbids is never played, and each learns from its own loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from alrl.agents.policy import Policy
from alrl.agents.training.reinforcement.actor_critic import MaskableSetActorCriticPolicy, SetActorCriticPolicy
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv

CLASSES = [SetActorCriticPolicy, MaskableSetActorCriticPolicy]


@pytest.fixture(params=CLASSES)
def played(request: pytest.FixtureRequest, tiny_env: EnvRecipe) -> tuple[Any, Policy, dict[str, torch.Tensor]]:
    """Actor and critic, the policy they start from, and the first observations of two episodes."""
    environment = ActiveLearningVecEnv(tiny_env, num_envs=2, seed=0)
    start = Policy.untrained(tiny_env.observation.build(), tiny_env.action.candidates.build(), width=8)
    model = request.param(environment.observation_space, environment.action_space, lambda _: 1e-3, scorer=start.network)
    observation = environment.reset()
    assert isinstance(observation, dict)
    return model, start, {name: torch.as_tensor(np.asarray(value)) for name, value in observation.items()}


def test_a_candidate_that_the_mask_forbids_is_never_played(
    played: tuple[Any, Policy, dict[str, torch.Tensor]],
) -> None:
    model, _, first = played
    observation = {name: value.repeat(200, *[1] * (value.ndim - 1)) for name, value in first.items()}
    allowed = torch.zeros(400, 6)
    allowed[:, [1, 4]] = 1.0
    observation["mask"] = allowed.to(observation["mask"].dtype)
    actions, values, log_probability = model(observation)
    assert set(actions.tolist()) == {1, 4}
    assert values.shape == (400, 1)
    assert torch.isfinite(log_probability).all()
    assert torch.isfinite(model.get_distribution(observation).entropy()).all()


def test_its_likeliest_action_is_the_scorers_best(played: tuple[Any, Policy, dict[str, torch.Tensor]]) -> None:
    model, start, observation = played
    scores = start.network(observation["candidates"], observation["loop"], observation["mask"] > 0)
    assert model(observation, deterministic=True)[0].tolist() == scores.argmax(1).tolist()


def test_actor_and_critic_learn_apart(played: tuple[Any, Policy, dict[str, torch.Tensor]]) -> None:
    model, _, observation = played
    kept = {id(parameter) for group in model.optimizer.param_groups for parameter in group["params"]}
    assert all(id(parameter) in kept for parameter in model.scorer.parameters())
    model(observation)[1].sum().backward()
    assert all(parameter.grad is None for parameter in model.scorer.parameters())
