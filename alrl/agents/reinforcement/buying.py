"""Actor and critic around the network that buys, for MaskablePPO: a logit for each number of the environment."""

from __future__ import annotations

import copy
from typing import Any

from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor, nn

from alrl.agents.buyer import Buyer
from alrl.agents.reinforcement.actor_critic import SetScoring


class _ActorAndCritic(nn.Module):
    """The buyer gives the logits; a copy of its scorer's encoder gives the critic's representation of the state."""

    def __init__(self, buyer: Buyer) -> None:
        super().__init__()
        self.scorer, self.critic = copy.deepcopy(buyer), copy.deepcopy(buyer.scorer)
        self.critic.head.requires_grad_(False)
        self.critic.margin_weight.requires_grad_(False)
        self.latent_dim_pi, self.latent_dim_vf = 1, buyer.scorer.width

    def forward(self, features: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: dict[str, Tensor]) -> Tensor:
        return self.scorer.logits(features["candidates"], features["loop"], features["mask"] > 0)

    def forward_critic(self, features: dict[str, Tensor]) -> Tensor:
        _, context = self.critic.encode(features["candidates"], features["loop"], features["mask"] > 0)
        return context


class BuyerActorCriticPolicy(SetScoring, MaskableMultiInputActorCriticPolicy):
    """Sb3-contrib's actor and critic around a :class:`~alrl.agents.buyer.Buyer`; masks say what is allowed."""

    def _build_mlp_extractor(self) -> None:
        start: Any = self._start[0]
        self.mlp_extractor = _ActorAndCritic(start)
