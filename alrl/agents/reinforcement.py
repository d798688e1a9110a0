"""Reinforcement learning with Stable-Baselines3: PPO on the vector environment, from any start."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from alrl.agents.network import SetScorer
from alrl.agents.policy import Policy
from alrl.agents.recipe import PPORecipe
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv

_ROLLOUT = 32
"""Most queries of each episode between two updates."""
_MINIBATCH = 512
_FORBIDDEN = -1e9
"""Logit of a candidate that the mask forbids: finite, so that entropies stay finite."""


class _Untouched(BaseFeaturesExtractor):
    """Hands the observation on as it is: a table of candidates is no flat vector."""

    def __init__(self, observation_space: spaces.Dict) -> None:
        super().__init__(observation_space, features_dim=1)

    def forward(self, observations: dict[str, Tensor]) -> dict[str, Tensor]:
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
        # In a tuple: a torch module takes no other module before it is initialised itself.
        self._start = (scorer,)
        super().__init__(*args, **{**kwargs, "features_extractor_class": _Untouched, "ortho_init": False})

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _ActorAndCritic(self._start[0])  # type: ignore[assignment]

    def _build(self, lr_schedule: Callable[[float], float]) -> None:
        super()._build(lr_schedule)
        # The scorer's scores are the logits already.
        self.action_net = nn.Identity()
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        make_optimiser: Callable[..., torch.optim.Optimizer] = self.optimizer_class
        self.optimizer = make_optimiser(trained, lr=lr_schedule(1), **self.optimizer_kwargs)

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
    settings: PPORecipe,
    *,
    seed: int,
    log: Path | None = None,
    progress: Callable[[int, float | None], object] | None = None,
) -> Policy:
    """Train the policy by PPO (Schulman et al. 2017) on the environment, at least ``settings.steps`` queries.

    TensorBoard scalars go to the folder ``log``; ``progress`` gets the queries played so far and the mean return of the
    last episodes, None while none has ended.
    """
    environment = ActiveLearningVecEnv(recipe, num_envs=settings.envs, seed=seed)
    rollout = min(recipe.budget.labels, _ROLLOUT)
    with _global_streams_kept():
        try:
            model = PPO(
                SetActorCriticPolicy,
                environment,
                n_steps=rollout,
                batch_size=_minibatch(rollout * settings.envs),
                n_epochs=4,
                learning_rate=settings.learning_rate,
                gamma=settings.discount,
                clip_range=settings.clip,
                ent_coef=settings.entropy,
                target_kl=0.03,
                seed=seed,
                device="cpu",
                tensorboard_log=str(log) if log else None,
                policy_kwargs={"scorer": policy.network},
            )
            model.learn(settings.steps, callback=_Report(progress) if progress else None, tb_log_name="ppo")
        finally:
            environment.close()
    network = copy.deepcopy(cast("SetActorCriticPolicy", model.policy).actor)
    network.requires_grad_(True)
    network.eval()
    return dataclasses.replace(policy, network=network)


def _minibatch(steps: int) -> int:
    """The largest divisor of ``steps`` up to the limit: no minibatch is cut short."""
    return next(size for size in range(min(_MINIBATCH, steps), 0, -1) if steps % size == 0)


@contextmanager
def _global_streams_kept() -> Iterator[None]:
    """Stable-Baselines3 seeds the global generators; what runs beside it must not depend on that."""
    python, numpy, own = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(own)
