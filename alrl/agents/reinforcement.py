"""Reinforcement learning with Stable-Baselines3: PPO on the vector environment, from any start."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from alrl.agents.network import SetScorer
from alrl.agents.policy import Policy
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv

_FORBIDDEN = -1e9
"""Logit of a candidate that the mask forbids: finite, so that entropies stay finite."""


class _Untouched(BaseFeaturesExtractor):
    """Hands the observation on as it is: a table of candidates is no flat vector."""

    def __init__(self, observation_space: spaces.Dict) -> None:
        super().__init__(observation_space, features_dim=1)

    def forward(self, observations: dict[str, Tensor]) -> dict[str, Tensor]:  # type: ignore[override]
        return observations


class _ActorAndCritic(nn.Module):
    """The scorer gives the logits; a copy of its encoder gives the critic's representation of the state."""

    def __init__(self, scorer: SetScorer) -> None:
        super().__init__()
        self.scorer = copy.deepcopy(scorer)
        self.critic = copy.deepcopy(scorer)
        self.critic.head.requires_grad_(False)
        self.critic.margin_weight.requires_grad_(False)
        self.latent_dim_pi, self.latent_dim_vf = 1, scorer.width

    def forward(self, features: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: dict[str, Tensor]) -> Tensor:
        mask = features["mask"] > 0
        scores: Tensor = self.scorer(features["candidates"], features["loop"], mask)
        return scores.masked_fill(~mask, _FORBIDDEN)

    def forward_critic(self, features: dict[str, Tensor]) -> Tensor:
        _, context = self.critic.encode(features["candidates"], features["loop"], features["mask"] > 0)
        return context


class SetActorCriticPolicy(MultiInputActorCriticPolicy):
    """Stable-Baselines3's actor and critic around a :class:`~alrl.agents.network.SetScorer`."""

    def __init__(self, *args: Any, scorer: SetScorer, **kwargs: Any) -> None:
        self._scorer = scorer
        super().__init__(*args, features_extractor_class=_Untouched, ortho_init=False, **kwargs)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _ActorAndCritic(self._scorer)  # type: ignore[assignment]

    def _build(self, lr_schedule: Callable[[float], float]) -> None:
        super()._build(lr_schedule)
        # The scorer's scores are the logits already.
        self.action_net = nn.Identity()
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        self.optimizer = self.optimizer_class(trained, lr=lr_schedule(1), **self.optimizer_kwargs)

    @property
    def actor(self) -> SetScorer:
        """The scorer being trained."""
        extractor: Any = self.mlp_extractor
        scorer: SetScorer = extractor.scorer
        return scorer


class _Report(BaseCallback):
    """Calls back with the number of steps played and the mean return of the last episodes."""

    def __init__(self, progress: Callable[[int, float | None], object]) -> None:
        super().__init__()
        self._progress = progress

    def _on_step(self) -> bool:
        episodes = self.model.ep_info_buffer or ()
        returns = [float(episode["r"]) for episode in episodes]
        self._progress(self.num_timesteps, sum(returns) / len(returns) if returns else None)
        return True


def improve(
    policy: Policy,
    recipe: EnvRecipe,
    *,
    steps: int,
    envs: int,
    learning_rate: float,
    discount: float,
    clip: float,
    entropy: float,
    seed: int,
    log: Path | None = None,
    progress: Callable[[int, float | None], object] | None = None,
) -> Policy:
    """Train the policy by PPO (Schulman et al. 2017) on the environment, ``steps`` queries in ``envs`` episodes at a time.

    TensorBoard scalars go to the folder ``log``.
    """
    environment = ActiveLearningVecEnv(recipe, num_envs=envs, seed=seed)
    rollout = min(recipe.budget.labels, 32)
    # Stable-Baselines3 seeds torch's global generator; what runs beside it must not depend on that.
    state = torch.get_rng_state()
    try:
        model = PPO(
            SetActorCriticPolicy,
            environment,
            n_steps=rollout,
            batch_size=min(512, rollout * envs),
            n_epochs=4,
            learning_rate=learning_rate,
            gamma=discount,
            clip_range=clip,
            ent_coef=entropy,
            target_kl=0.03,
            seed=seed,
            device="cpu",
            tensorboard_log=str(log) if log else None,
            policy_kwargs={"scorer": policy.network},
        )
        model.learn(steps, callback=_Report(progress) if progress else None, tb_log_name="ppo")
    finally:
        torch.set_rng_state(state)
        environment.close()
    actor = model.policy
    assert isinstance(actor, SetActorCriticPolicy)
    network = copy.deepcopy(actor.actor)
    network.requires_grad_(True)
    network.eval()
    return dataclasses.replace(policy, network=network)
