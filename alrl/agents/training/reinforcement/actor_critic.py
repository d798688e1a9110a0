"""Actor and critic around the set-scoring network, for PPO, A2C and MaskablePPO."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.sac.policies import Actor, MultiInputPolicy
from torch import Tensor, nn

from alrl.agents.networks.buyer import Buyer
from alrl.agents.networks.ensemble import Ensemble
from alrl.agents.networks.mixture import Mixture
from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer
from alrl.agents.networks.weighted import Weigher

FORBIDDEN = -1e9
"""Logit, or value, of a candidate that the mask forbids: finite, so that entropies and targets stay finite."""


class Untouched(BaseFeaturesExtractor):
    """Hands the observation on as it is: a table of candidates is no flat vector."""

    def __init__(self, observation_space: spaces.Dict) -> None:
        super().__init__(observation_space, features_dim=1)

    def forward(self, observations: dict[str, Tensor]) -> dict[str, Tensor]:
        return observations


def critic_of(scorer: CandidateScorer, space: spaces.Dict) -> SetScorer:
    """Return what encodes the state: a copy of the first set scorer; a fresh one beside a network of one's own."""
    (_, record), (loop,) = space["candidates"].shape or (), space["loop"].shape or ()
    inner: nn.Module = scorer.prior if isinstance(scorer, Mixture) else scorer
    inner = inner.scorers[0] if isinstance(inner, Ensemble) else inner
    fresh = SetScorer(record=record, loop=loop, margin_column=0)
    fresh = copy.deepcopy(inner) if isinstance(inner, SetScorer) else fresh
    fresh.head.requires_grad_(False)
    fresh.margin_weight.requires_grad_(False)
    return fresh


class _ActorAndCritic(nn.Module):
    """The scorer gives the logits; a copy of its encoder gives the critic's representation of the state."""

    def __init__(self, scorer: CandidateScorer, critic: SetScorer, sharpness: float = 1.0) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.scorer, self.critic = copy.deepcopy(scorer), critic
        self.latent_dim_pi, self.latent_dim_vf = 1, critic.width

    def forward(self, features: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: dict[str, Tensor]) -> Tensor:
        mask = features["mask"] > 0
        scores: Tensor = self.scorer(features["candidates"], features["loop"], mask) * self.sharpness
        return scores.masked_fill(~mask, FORBIDDEN)

    def forward_critic(self, features: dict[str, Tensor]) -> Tensor:
        _, context = self.critic.encode(features["candidates"], features["loop"], features["mask"] > 0)
        return context


class SetScoring:
    """Arguments of both libraries' policies: the scorer's scores are the logits already."""

    _start: tuple[CandidateScorer]
    _sharpness: float
    observation_space: Any
    mlp_extractor: Any
    action_net: nn.Module
    optimizer: torch.optim.Optimizer
    optimizer_class: Any
    optimizer_kwargs: dict[str, Any]

    def __init__(self, *args: Any, scorer: CandidateScorer, sharpness: float = 1.0, **kwargs: Any) -> None:
        # In a tuple: a torch module takes no other module before it is initialised itself.
        self._start, self._sharpness = (scorer,), sharpness
        super().__init__(*args, **{**kwargs, "features_extractor_class": Untouched, "ortho_init": False})

    def _build_mlp_extractor(self) -> None:
        critic = critic_of(self._start[0], self.observation_space)
        self.mlp_extractor = _ActorAndCritic(self._start[0], critic, self._sharpness)

    def _build(self, lr_schedule: Callable[[float], float]) -> None:
        super()._build(lr_schedule)  # type: ignore[misc]
        self.action_net = nn.Identity()
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]  # type: ignore[attr-defined]
        self.optimizer = self.optimizer_class(trained, lr=lr_schedule(1), **self.optimizer_kwargs)

    @property
    def scorer(self) -> CandidateScorer:
        """The scorer being trained."""
        scorer: CandidateScorer = self.mlp_extractor.scorer
        return scorer


class SetActorCriticPolicy(SetScoring, MultiInputActorCriticPolicy):
    """Stable-Baselines3's actor and critic around a :class:`~alrl.agents.networks.set_scorer.SetScorer`."""


class MaskableSetActorCriticPolicy(SetScoring, MaskableMultiInputActorCriticPolicy):
    """The same for sb3-contrib's MaskablePPO."""


class _BuyerActorAndCritic(nn.Module):
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
    """Sb3-contrib's actor and critic around a :class:`~alrl.agents.networks.buyer.Buyer`; masks say what is allowed."""

    def _build_mlp_extractor(self) -> None:
        start: Any = self._start[0]
        self.mlp_extractor = _BuyerActorAndCritic(start)


_NARROWEST, _WIDEST = -5.0, 1.0
"""Bounds of the logarithm of that deviation in SAC, before the weights are bounded."""


class _WeigherActorAndCritic(nn.Module):
    """The weigher gives the mean action; a copy of its trunk gives the critic's representation of the state."""

    def __init__(self, weigher: Weigher) -> None:
        super().__init__()
        self.weigher, self.critic = copy.deepcopy(weigher), copy.deepcopy(weigher)
        self.critic.head.requires_grad_(False)
        self.latent_dim_pi, self.latent_dim_vf = len(weigher.weighed), weigher.width

    def forward(self, features: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: dict[str, Tensor]) -> Tensor:
        return self.weigher.weights(features["candidates"], features["loop"])

    def forward_critic(self, features: dict[str, Tensor]) -> Tensor:
        return self.critic.encode(features["candidates"], features["loop"])


class WeigherActorCriticPolicy(MultiInputActorCriticPolicy):
    """Put Stable-Baselines3's actor and critic around a :class:`Weigher`: its weights are the mean action."""

    def __init__(self, *args: Any, scorer: Weigher, spread: float = 0.3, **kwargs: Any) -> None:
        # In a tuple: a torch module takes no other module before it is initialised itself.
        self._start = (scorer,)
        settings = {"features_extractor_class": Untouched, "ortho_init": False, "log_std_init": math.log(spread)}
        super().__init__(*args, **{**kwargs, **settings})

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor: Any = _WeigherActorAndCritic(self._start[0])

    def _build(self, lr_schedule: Callable[[float], float]) -> None:
        super()._build(lr_schedule)
        self.action_net = nn.Identity()
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        make: Any = self.optimizer_class
        self.optimizer: Any = make(trained, lr=lr_schedule(1), **self.optimizer_kwargs)

    @property
    def scorer(self) -> Weigher:
        """The weigher being trained."""
        weigher: Weigher = self.mlp_extractor.weigher
        return weigher


class WeigherActor(Actor):
    """SAC's actor (Haarnoja et al. 2018): the weigher gives the mean before the tangent, another layer the spread."""

    def __init__(self, *args: Any, scorer: Weigher, spread: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.weigher = copy.deepcopy(scorer)
        layer = nn.Linear(scorer.width, len(scorer.weighed))
        nn.init.zeros_(layer.weight)
        nn.init.constant_(layer.bias, math.log(spread))
        self.latent_pi, self.mu, self.log_std = nn.Sequential(), nn.Identity(), layer  # type: ignore[assignment]

    def get_action_dist_params(self, obs: PyTorchObs) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        seen: Any = obs
        hidden = self.weigher.encode(seen["candidates"], seen["loop"])
        layer: Any = self.log_std
        spread: Tensor = layer(hidden)
        return self.weigher.unbounded(hidden), torch.clamp(spread, _NARROWEST, _WIDEST), {}


class WeigherSACPolicy(MultiInputPolicy):
    """Stable-Baselines3's policy of SAC around a weigher; the critics read the flattened observation."""

    def __init__(self, *args: Any, scorer: Weigher, spread: float = 0.3, **kwargs: Any) -> None:
        # In a tuple: a torch module takes no other module before it is initialised itself.
        self._start, self._spread = (scorer,), spread
        super().__init__(*args, **{**kwargs, "net_arch": [scorer.width, scorer.width]})

    def make_actor(self, features_extractor: Any = None) -> WeigherActor:
        """Return an actor at the start of training."""
        settings = self._update_features_extractor(self.actor_kwargs, features_extractor)
        return WeigherActor(**settings, scorer=self._start[0], spread=self._spread).to(self.device)

    @property
    def scorer(self) -> Weigher:
        """The weigher being trained."""
        actor: Any = self.actor
        weigher: Weigher = actor.weigher
        return weigher
