"""Deep Q-learning over candidates: the start plays as the scorer, targets are double, exploration stays in the mask."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from alrl.agents.policy import Policy
from alrl.agents.training.reinforcement.actor_critic import FORBIDDEN
from alrl.agents.training.reinforcement.deep_q import DuelingSetQ, MaskedDoubleDQN, SetQPolicy
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv


@pytest.fixture
def model(tiny_env: EnvRecipe) -> MaskedDoubleDQN:
    environment = ActiveLearningVecEnv(tiny_env, num_envs=2, seed=0)
    start = Policy.untrained(tiny_env.observation.build(), tiny_env.action.candidates.build(), width=8)
    return MaskedDoubleDQN(
        SetQPolicy,
        environment,
        buffer_size=8,
        gamma=0.5,
        exploration_initial_eps=1.0,
        seed=0,
        device="cpu",
        policy_kwargs={"scorer": start.network},
    )


def observed(model: MaskedDoubleDQN, episodes: int = 3, allowed: tuple[int, ...] = (0, 1, 2, 3, 4, 5)):
    generator = torch.Generator().manual_seed(1)
    scorer = model.policy.scorer
    mask = torch.zeros(episodes, 6)
    mask[:, list(allowed)] = 1.0
    return {
        "candidates": torch.rand(episodes, 6, scorer.record, generator=generator),
        "loop": torch.rand(episodes, scorer.loop, generator=generator),
        "mask": mask,
    }


def test_before_training_values_are_the_scores_less_their_mean_in_hundredths(model: MaskedDoubleDQN) -> None:
    features = observed(model, allowed=(0, 2, 5))
    scorer = model.policy.scorer
    scores = scorer(features["candidates"], features["loop"], features["mask"] > 0)
    values = DuelingSetQ(scorer)(features)
    kept = [0, 2, 5]
    expected = 0.01 * (scores[:, kept] - scores[:, kept].mean(1, keepdim=True))
    assert torch.allclose(values[:, kept], expected, atol=1e-6)
    assert (values[:, [1, 3, 4]] == FORBIDDEN).all()


def test_the_network_chooses_and_the_target_network_values(model: MaskedDoubleDQN) -> None:
    features = observed(model)
    ours = torch.tensor([[0.0, 3.0, 1.0, 0, 0, 0], [5.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2.0]])
    theirs = torch.tensor([[9.0, 0.5, 9.0, 9, 9, 9], [0.25, 9, 9, 9, 9, 9], [9, 9, 9, 9, 9, 7.0]])
    model.q_net, model.q_net_target = (lambda _: ours), (lambda _: theirs)  # type: ignore[assignment]
    seen = SimpleNamespace(
        next_observations=features,
        rewards=torch.tensor([[1.0], [2.0], [3.0]]),
        dones=torch.tensor([[0.0], [0.0], [1.0]]),
    )
    # Discount one half; the third episode has ended.
    assert model.targets(seen).tolist() == [[1.25], [2.125], [3.0]]


def test_exploration_plays_every_allowed_candidate_and_no_other(model: MaskedDoubleDQN) -> None:
    features = {name: value.numpy() for name, value in observed(model, episodes=400, allowed=(1, 4)).items()}
    actions, _ = model.predict(features)
    assert set(actions.tolist()) == {1, 4}
    assert 140 < int((actions == 1).sum()) < 260
    best, _ = model.predict(features, deterministic=True)
    values = model.q_net({name: torch.from_numpy(value) for name, value in features.items()})
    assert np.array_equal(best, values.argmax(1).numpy())
