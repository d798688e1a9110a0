"""Actor and critic around the set-scoring network, for PPO, A2C and MaskablePPO."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from alrl.agents.network import SetScorer

FORBIDDEN = -1e9
"""Logit, or value, of a candidate that the mask forbids: finite, so that entropies and targets stay finite."""


class Untouched(BaseFeaturesExtractor):
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
        return scores.masked_fill(~mask, FORBIDDEN)

    def forward_critic(self, features: dict[str, Tensor]) -> Tensor:
        _, context = self.critic.encode(features["candidates"], features["loop"], features["mask"] > 0)
        return context


class SetScoring:
    """What both libraries' policies are given: the scorer's scores are the logits already."""

    _start: tuple[SetScorer]
    mlp_extractor: Any
    action_net: nn.Module
    optimizer: torch.optim.Optimizer
    optimizer_class: Any
    optimizer_kwargs: dict[str, Any]

    def __init__(self, *args: Any, scorer: SetScorer, **kwargs: Any) -> None:
        # In a tuple: a torch module takes no other module before it is initialised itself.
        self._start = (scorer,)
        super().__init__(*args, **{**kwargs, "features_extractor_class": Untouched, "ortho_init": False})

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _ActorAndCritic(self._start[0])

    def _build(self, lr_schedule: Callable[[float], float]) -> None:
        super()._build(lr_schedule)  # type: ignore[misc]
        self.action_net = nn.Identity()
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]  # type: ignore[attr-defined]
        self.optimizer = self.optimizer_class(trained, lr=lr_schedule(1), **self.optimizer_kwargs)

    @property
    def scorer(self) -> SetScorer:
        """The scorer being trained."""
        scorer: SetScorer = self.mlp_extractor.scorer
        return scorer


class SetActorCriticPolicy(SetScoring, MultiInputActorCriticPolicy):
    """Stable-Baselines3's actor and critic around a :class:`~alrl.agents.network.SetScorer`."""


class MaskableSetActorCriticPolicy(SetScoring, MaskableMultiInputActorCriticPolicy):
    """The same for sb3-contrib's MaskablePPO."""
