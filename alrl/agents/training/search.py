"""Search for the weights of a linear score: at random around margin sampling, or by the cross-entropy method."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from alrl.agents.networks.weighted import LinearScorer
from alrl.agents.policy import Policy
from alrl.agents.training.checkpoint import Checkpoint
from alrl.agents.training.validation import by_size
from alrl.agents.training_recipes import SearchRecipe
from alrl.data.task import Task
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.loop.simulator import Simulator
from alrl.strategies import Strategy, make_strategy
from alrl.strategies.play import play

_TOGETHER = 96
"""Episodes in one simulator at most."""


def search(
    policy: Policy,
    env: EnvRecipe,
    settings: SearchRecipe,
    draw: Callable[[int], Sequence[Task]],
    *,
    seed: int,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    progress: Callable[[float], object] | None = None,
) -> Policy:
    """Return the policy, of a linear network, with the weights that were found.

    At random, every generation plays the same tasks, and the best of all, margin sampling among them, is kept. In
    evolution each generation plays tasks of its own, the elite's mean and deviation draw the next one, and the last
    mean is kept (Rubinstein 1999; with added noise, Szita and Lőrincz 2006).

    Args:
        policy: where it starts from.
        env: what is played; a weighting is worth the mean area under the accuracy curve on the validation part.
        settings: which search, and how long.
        draw: the tasks of a generation, by its number.
        seed: of all draws.
        device: where the loops are computed.
        checkpoint: where the state is kept after each generation, and gone on from.
        progress: called with the largest gain beyond margin sampling's after each generation.

    Raises InvalidRecipeError for a policy of another network.
    """
    network, checkpoint = _linear(policy), checkpoint or Checkpoint()
    generator = torch.Generator().manual_seed(seed)
    mean, spread = network.weight.clone(), torch.full_like(network.weight, settings.spread)
    best, best_gain, played = mean, 0.0, 0
    state = checkpoint.load()
    if state is not None:
        played, best_gain = state.values["played"], state.values["best_gain"]
        mean, spread, best = (state.tensors[name] for name in ("mean", "spread", "best"))
        generator.set_state(state.tensors["generator"])
    for number in range(played, settings.generations):
        tried = mean + spread * torch.randn(settings.population, len(mean), generator=generator)
        gain = gains(policy, env, draw(number if settings.kind == "evolution" else 0), tried, device=device)
        top = int(gain.argmax())
        if progress is not None:
            progress(float(gain[top]))
        if settings.kind == "random":
            best, best_gain = (tried[top], float(gain[top])) if gain[top] > best_gain else (best, best_gain)
        else:
            elite = tried[gain.argsort(descending=True)[: max(1, round(settings.elite * settings.population))]]
            added = settings.noise * settings.spread * (1 - (number + 1) / settings.generations)
            mean, spread = elite.mean(0), elite.std(0, correction=0) + added
            best = mean
        drawn = {"mean": mean, "spread": spread, "best": best, "generator": generator.get_state()}
        checkpoint.save({"played": number + 1, "best_gain": best_gain}, drawn)
    best_network = LinearScorer(policy.features, network.columns.tolist(), best)
    return dataclasses.replace(policy, network=best_network)


def gains(policy: Policy, env: EnvRecipe, tasks: Sequence[Task], tried: Tensor, *, device: str = "cpu") -> Tensor:
    """Return mean area beyond margin sampling's, (P,), of weights (P, m) over the same tasks.

    As many as fit side by side.
    """
    ordered = by_size(tasks)
    margin = _areas(make_strategy("margin"), env, ordered, device)
    columns = _linear(policy).columns.tolist()
    reached = torch.zeros(len(tried), len(ordered))
    beside = max(1, _TOGETHER // len(tried))
    for start in range(0, len(ordered), beside):
        part = ordered[start : start + beside]
        # Task by task, all weightings of one side by side.
        network = LinearScorer(policy.features, columns, tried.repeat(len(part), 1))
        player = dataclasses.replace(policy, network=network).to(device)
        areas = _areas(player, env, [task for task in part for _ in tried], device)
        reached[:, start : start + beside] = areas.view(len(part), len(tried)).T
    return (reached - margin).mean(1)


def _linear(policy: Policy) -> LinearScorer:
    if not isinstance(policy.network, LinearScorer):
        raise InvalidRecipeError(f"a {policy.network.described['kind']} is not searched for; a linear scorer can be")
    return policy.network


def _areas(strategy: Strategy, env: EnvRecipe, tasks: Sequence[Task], device: str) -> Tensor:
    simulator = Simulator(tasks, env.learner.build(), device=device, **env.loop_settings)
    labels, batch = env.budget.labels, env.budget.batch
    return play(simulator, strategy, labels=labels, batch=batch, part="validation").area
