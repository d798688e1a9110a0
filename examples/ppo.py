"""Proximal policy optimisation in one file, in the manner of CleanRL, on alrl's native vector environment.

``python examples/ppo.py --env alrl/digits-v0 --steps 200000``. Nothing but Gymnasium and PyTorch: every line of the
algorithm is here. The network scores each candidate by the same weights, so what is learnt serves any number of them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import gymnasium
import numpy as np
import torch
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from torch import Tensor, nn

import alrl  # noqa: F401 - registers the environments


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of the run; names are those of the paper (Schulman et al. 2017)."""

    env: str = "alrl/breast-cancer-v0"
    num_envs: int = 32
    steps: int = 100_000
    rollout: int = 30
    epochs: int = 4
    minibatches: int = 4
    gamma: float = 0.95
    gae_lambda: float = 0.95
    clip: float = 0.2
    entropy: float = 0.003
    learning_rate: float = 3e-4
    seed: int = 0


class Scorer(nn.Module):
    """A logit for each candidate and a value for the state, permutation-equivariant; masked candidates get none."""

    def __init__(self, features: int, loop: int, random: torch.Generator, width: int = 64) -> None:
        super().__init__()
        first, second = linear(features + loop, width, random), linear(width, width, random)
        self.each = nn.Sequential(first, nn.Tanh(), second, nn.Tanh())
        self.logit, self.value = linear(width, 1, random), linear(width, 1, random)

    def forward(self, seen: dict[str, Tensor]) -> tuple[torch.distributions.Categorical, Tensor]:
        loop = seen["loop"][:, None].expand(-1, seen["candidates"].shape[1], -1)
        hidden = self.each(torch.cat([seen["candidates"], loop], -1))
        real = seen["mask"] > 0
        logits = self.logit(hidden)[..., 0].masked_fill(~real, -1e9)
        pooled = (hidden * real[..., None]).sum(1) / real.sum(1, keepdim=True).clamp_min(1)
        return torch.distributions.Categorical(logits=logits), self.value(pooled)[:, 0]


def linear(inputs: int, outputs: int, random: torch.Generator) -> nn.Linear:
    """Return a layer drawn as PyTorch draws it, but from ``random``: nobody else's stream of chance is touched."""
    layer, bound = nn.utils.skip_init(nn.Linear, inputs, outputs), inputs**-0.5
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -bound, bound, generator=random)
    return layer


def train(settings: Settings) -> list[float]:
    """Return the return of every episode played, in the order of their ends: a function of the settings alone."""
    random = torch.Generator().manual_seed(settings.seed)
    envs = RecordEpisodeStatistics(gymnasium.make_vec(settings.env, num_envs=settings.num_envs))
    shapes = envs.single_observation_space
    network = Scorer(shapes["candidates"].shape[1], shapes["loop"].shape[0], random)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, eps=1e-5)
    seen, _ = envs.reset(seed=settings.seed)
    # With NEXT_STEP the step after an episode's end only begins the next one: it teaches nothing.
    begun = np.zeros(settings.num_envs, dtype=bool)
    returns: list[float] = []
    for _ in range(settings.steps // (settings.rollout * settings.num_envs)):
        rollout: dict[str, list[Tensor]] = {}
        for _ in range(settings.rollout):
            now = {name: torch.as_tensor(array) for name, array in seen.items()}
            with torch.no_grad():
                choice, value = network(now)
                action = torch.multinomial(choice.probs, 1, generator=random)[:, 0]
            seen, reward, ended, _, info = envs.step(action.numpy())
            noted = {
                **now,
                "action": action,
                "logp": choice.log_prob(action),
                "value": value,
                "reward": torch.as_tensor(reward, dtype=torch.float32),
                "ended": torch.as_tensor(ended),
                "counts": torch.as_tensor(~begun),
            }
            for name, each in noted.items():
                rollout.setdefault(name, []).append(each)
            begun = ended
            if "episode" in info:
                returns += info["episode"]["r"][info["_episode"]].tolist()
        with torch.no_grad():
            _, last = network({name: torch.as_tensor(array) for name, array in seen.items()})
        noted = {name: torch.stack(each) for name, each in rollout.items()}
        update(network, optimiser, noted, last, settings, random)
    envs.close()
    return returns


def update(
    network: Scorer,
    optimiser: torch.optim.Optimizer,
    rollout: dict[str, Tensor],
    last: Tensor,
    settings: Settings,
    random: torch.Generator,
) -> None:
    """One update by the steps of a rollout, (steps, envs, ...), at the end of which the value is ``last`` (envs,)."""
    advantage, running = torch.zeros_like(rollout["value"]), torch.zeros_like(last)
    for step in reversed(range(len(advantage))):
        goes_on = (~rollout["ended"][step]).float()
        after = rollout["value"][step + 1] if step + 1 < len(advantage) else last
        surprise = rollout["reward"][step] + settings.gamma * after * goes_on - rollout["value"][step]
        running = surprise + settings.gamma * settings.gae_lambda * goes_on * running
        advantage[step] = running
    counted = rollout.pop("counts").flatten().nonzero()[:, 0]
    flat = {name: each.flatten(0, 1) for name, each in {**rollout, "advantage": advantage}.items()}
    target = flat["advantage"] + flat["value"]
    for _ in range(settings.epochs):
        for part in counted[torch.randperm(len(counted), generator=random)].chunk(settings.minibatches):
            choice, value = network({name: flat[name][part] for name in ("candidates", "loop", "mask")})
            gain = flat["advantage"][part]
            gain = (gain - gain.mean()) / (gain.std() + 1e-8)
            ratio = (choice.log_prob(flat["action"][part]) - flat["logp"][part]).exp()
            clipped = ratio.clamp(1 - settings.clip, 1 + settings.clip)
            loss = -torch.minimum(ratio * gain, clipped * gain).mean() - settings.entropy * choice.entropy().mean()
            loss = loss + 0.5 * (value - target[part]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimiser.step()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in vars(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    played = train(Settings(**vars(parser.parse_args())))
    tenth = max(1, len(played) // 10)
    print(f"{len(played)} episodes; mean return of the first tenth {np.mean(played[:tenth]):.4f},", end=" ")
    print(f"of the last {np.mean(played[-tenth:]):.4f}")
