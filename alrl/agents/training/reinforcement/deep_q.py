"""Deep Q-learning over a set of candidates: double, dueling, and never a candidate that the mask forbids."""

from __future__ import annotations

import copy
import math
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import Tensor, nn

from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer
from alrl.agents.training.reinforcement.actor_critic import FORBIDDEN, Untouched, critic_of


class DuelingSetQ(nn.Module):
    """Values of candidates: of the state, zero before training, plus what each score lies above their mean, scaled.

    Wang et al. 2016. The scale stays positive, so the best value is the best score: the start plays as the scorer does,
    and the trained scorer alone plays as the values say.
    """

    def __init__(self, scorer: CandidateScorer, critic: SetScorer | None = None, scale: float = 0.01) -> None:
        super().__init__()
        self.scorer = copy.deepcopy(scorer)
        self.critic = critic
        """Encodes the state beside a network of one's own; a set scorer encodes it itself."""
        self.value = nn.Linear((critic or cast("SetScorer", scorer)).width, 1)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        """Return values (B, K) of candidates (B, K, F)."""
        mask = features["mask"] > 0
        if isinstance(self.scorer, SetScorer):
            hidden, context = self.scorer.encode(features["candidates"], features["loop"], mask)
            scores = self.scorer.score(features["candidates"], hidden, context)
        else:
            _, context = cast("SetScorer", self.critic).encode(features["candidates"], features["loop"], mask)
            scores = self.scorer(features["candidates"], features["loop"], mask).masked_fill(~mask, 0.0)
        real = mask.to(scores.dtype)
        mean = (scores * real).sum(1, keepdim=True) / real.sum(1, keepdim=True).clamp_min(1)
        values: Tensor = self.value(context) + (scores - mean) * self.log_scale.exp()
        return values.masked_fill(~mask, FORBIDDEN)


class SetQNetwork(QNetwork):
    """Stable-Baselines3's Q network around a :class:`DuelingSetQ`."""

    def __init__(self, *args: Any, scorer: CandidateScorer, scale: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        space = cast("spaces.Dict", self.observation_space)
        critic = None if isinstance(scorer, SetScorer) else critic_of(scorer, space)
        self.q_net = cast("nn.Sequential", DuelingSetQ(scorer, critic, scale))


class SetQPolicy(DQNPolicy):
    """Stable-Baselines3's pair of Q networks, each around a copy of the scorer."""

    def __init__(self, *args: Any, scorer: CandidateScorer, scale: float = 0.01, **kwargs: Any) -> None:
        # In a tuple: a torch module takes no other module before it is initialised itself.
        self._start, self._scale = (scorer,), scale
        super().__init__(*args, **{**kwargs, "features_extractor_class": Untouched, "net_arch": []})

    def make_q_net(self) -> QNetwork:
        """Return a network at the start of training."""
        settings = self._update_features_extractor(self.net_args, features_extractor=None)
        return SetQNetwork(**settings, scorer=self._start[0], scale=self._scale).to(self.device)

    @property
    def scorer(self) -> CandidateScorer:
        """The scorer being trained."""
        values = cast("DuelingSetQ", self.q_net.q_net)
        return values.scorer


class MaskedDoubleDQN(DQN):
    """Stable-Baselines3's DQN with double targets (van Hasselt et al. 2016) and exploration within the mask."""

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Update the network ``gradient_steps`` times, the target network valuing what the network would choose."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        losses = []
        for _ in range(gradient_steps):
            seen: Any = cast("Any", self.replay_buffer).sample(batch_size)
            chosen = self.q_net(seen.observations).gather(1, seen.actions.long())
            loss = nn.functional.smooth_l1_loss(chosen, self.targets(seen))
            self.policy.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
            self.policy.optimizer.step()
            losses.append(float(loss.detach()))
        self._n_updates += gradient_steps
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/loss", float(np.mean(losses)))

    def targets(self, seen: Any) -> Tensor:
        """Return what the values of remembered queries should be, (batch, 1)."""
        with torch.no_grad():
            best = self.q_net(seen.next_observations).argmax(1, keepdim=True)
            following = self.q_net_target(seen.next_observations).gather(1, best)
            return cast("Tensor", seen.rewards + (1 - seen.dones) * self.gamma * following)

    def _sample_action(self, *_: Any, **__: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        action, _state = self.predict(cast("Any", self._last_obs), deterministic=False)
        return action, action

    def predict(  # type: ignore[override]
        self,
        observation: dict[str, NDArray[Any]],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Return actions (B,): the best, or one that the mask allows by chance.

        In a share of episodes where it explores.
        """
        action, state = self.policy.predict(cast("Any", observation), state, episode_start, deterministic=True)
        if deterministic:
            return action, state
        mask = observation["mask"] > 0
        luck = self._explorer.random(mask.shape)
        astray = self._explorer.random(len(action)) < self.exploration_rate
        return np.where(astray & mask.any(1), np.where(mask, luck, -1.0).argmax(1), action), state

    def _setup_model(self) -> None:
        super()._setup_model()
        self._explorer = np.random.default_rng(self.seed)
        self.exploration_rate = self.exploration_initial_eps
