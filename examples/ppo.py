"""Proximal policy optimisation in one file, in the manner of CleanRL, on alrl's native vector environment.

``python examples/ppo.py --env alrl/breast-cancer-v0 --steps 100000``: every line of the algorithm is here. At the end
the network, which scores each candidate by the same weights, plays against margin sampling on paired seeds.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise

import gymnasium
import numpy as np
import rich
import torch
from torch import Generator, Tensor, nn
from torch.distributions import Categorical
from torch.optim import Adam

import alrl
from alrl.envs import load_env_recipe
from alrl.evaluation import evaluate


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
    data: str = "breast_cancer,wine"
    paired_seeds: int = 50


class Scorer(nn.Module):
    """A logit for each candidate and a value for the state, permutation-equivariant; masked candidates get none."""

    def __init__(self, inputs: int, random: Generator, width: int = 64) -> None:
        super().__init__()
        first, second, heads = (nn.utils.skip_init(nn.Linear, n, m) for n, m in pairwise([inputs, width, width, 2]))
        self.layers = nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), heads)
        for weights in self.parameters():  # Drawn from a stream of its own: nobody else's chance is touched.
            nn.init.uniform_(weights, -(width**-0.5), width**-0.5, generator=random)

    def forward(self, seen: dict[str, Tensor]) -> tuple[Categorical, Tensor]:
        loop, real = seen["loop"][:, None].expand(-1, seen["mask"].shape[1], -1), seen["mask"] > 0
        logits, values = self.layers(torch.cat([seen["candidates"], loop], -1)).unbind(-1)
        return Categorical(logits=logits.masked_fill(~real, -1e9)), (values * real).sum(1) / real.sum(1).clamp_min(1)


def train(settings: Settings) -> tuple[Scorer, list[float]]:
    """Return the network and the returns of all episodes as they ended: functions of the settings alone."""
    random = Generator().manual_seed(settings.seed)
    envs = gymnasium.make_vec(settings.env, num_envs=settings.num_envs, autoreset_mode="SameStep")
    network = Scorer(sum(envs.single_observation_space[part].shape[-1] for part in ("candidates", "loop")), random)
    optimiser = Adam(network.parameters(), lr=settings.learning_rate, eps=1e-5)
    arrays, _ = envs.reset(seed=1_000_000 + settings.seed)  # Other splits than those of the paired seeds 0, 1, ...
    returns: list[float] = []
    for _ in range(settings.steps // (settings.rollout * settings.num_envs)):
        rollout = []
        for _ in range(settings.rollout):
            seen = {name: torch.as_tensor(array) for name, array in arrays.items()}
            with torch.no_grad():
                choice, value = network(seen)
            action = torch.multinomial(choice.probs, 1, generator=random)[:, 0]
            arrays, reward, ended, _, info = envs.step(action.numpy())
            outcome = {"reward": torch.as_tensor(reward).float(), "ended": torch.as_tensor(ended)}
            rollout.append({**seen, **outcome, "action": action, "logp": choice.log_prob(action), "value": value})
            returns += info["final_info"]["true_return"][ended].tolist() if ended.any() else []
        last = network({name: torch.as_tensor(array) for name, array in arrays.items()})[1].detach()
        steps = {name: torch.stack([step[name] for step in rollout]) for name in rollout[0]}
        update(network, optimiser, steps, last, settings, random)
    envs.close()
    return network, returns


def update(
    network: Scorer, optimiser: Adam, steps: dict[str, Tensor], last: Tensor, settings: Settings, random: Generator
) -> None:
    """Learn from the steps of a rollout, (steps, envs, ...), after which the states are worth ``last``, (envs,)."""
    discount, after = settings.gamma * (~steps["ended"]).float(), torch.cat([steps["value"][1:], last[None]])
    advantage = steps["reward"] + discount * after - steps["value"]
    for step in reversed(range(len(advantage) - 1)):
        advantage[step] += discount[step] * settings.gae_lambda * advantage[step + 1]
    flat = {name: each.flatten(0, 1) for name, each in {**steps, "advantage": advantage}.items()}
    for _ in range(settings.epochs):
        for part in torch.randperm(len(flat["action"]), generator=random).chunk(settings.minibatches):
            batch = {name: each[part] for name, each in flat.items()}
            choice, value = network(batch)
            gain = (batch["advantage"] - batch["advantage"].mean()) / (batch["advantage"].std() + 1e-8)
            ratio = (choice.log_prob(batch["action"]) - batch["logp"]).exp()
            clipped = ratio.clamp(1 - settings.clip, 1 + settings.clip)
            loss = -torch.minimum(ratio * gain, clipped * gain).mean() - settings.entropy * choice.entropy().mean()
            loss = loss + 0.5 * (value - batch["advantage"] - batch["value"]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimiser.step()


def main(settings: Settings) -> None:
    """Train, and print what the network gains over margin sampling, in points of AUBC with its 95 % interval."""
    network, returns = train(settings)
    tenth = max(1, len(returns) // 10)
    print(f"{len(returns)} episodes; mean return of the first tenth {np.mean(returns[:tenth]):.4f},", end=" ")
    print(f"of the last {np.mean(returns[-tenth:]):.4f}")
    env = load_env_recipe(gymnasium.spec(settings.env).kwargs["recipe"])
    mine, data = alrl.strategy_of(network, env=env, name="ppo"), settings.data.split(",")
    loop = {"labels": env.budget.labels, "batch": env.budget.batch, "learner": env.learner.build()}
    rich.print(evaluate(mine, data=data, against=["margin"], seeds=settings.paired_seeds, **loop).table())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in vars(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    main(Settings(**vars(parser.parse_args())))
