"""Stages of a training that show their progress and keep their state: search, evolution, reinforcement learning."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from alrl import recipes
from alrl.agents.networks.mixture import NETWORK, Mixture
from alrl.agents.policy import Policy
from alrl.agents.recipe import AlgorithmRecipe, TrainedRecipe
from alrl.agents.reinforcement_recipes import ReinforcementRecipe
from alrl.agents.training.algorithm import improved, make_algorithm
from alrl.agents.training.branching import Update, branch
from alrl.agents.training.checkpoint import Checkpoint, Work
from alrl.agents.training.evolution import Generations, evolve, mixture_of
from alrl.agents.training.search import search
from alrl.agents.training.task_groups import task_groups
from alrl.agents.training.tensorboard import Tracker
from alrl.agents.training_recipes import BranchingRecipe, EvolutionRecipe, SearchRecipe
from alrl.data.task import Task
from alrl.envs.action_recipe import CandidatesRecipe
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import EnvRecipe
from alrl.envs.task_source import TaskSource
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.numerics.streams import generator
from alrl.progress import Bar, Bars

_BEYOND = 500
"""Numbers of updates' tasks begin here, those of generations at 0."""


def breed(
    policy: Policy,
    env: EnvRecipe,
    recipe: EvolutionRecipe,
    training: Sequence[str],
    *,
    seed: int,
    device: str,
    checkpoint: Checkpoint,
    bars: Bars,
    tracker: Tracker,
) -> Policy:
    """Return the policy with a mixture of bred weights, its network the first term; ``training`` are its data sets."""
    bar, before = bars.bar("evolution", recipe.generations), checkpoint.work.counter.tally.steps

    begun = mixture_of(policy, recipe)
    sizes = begun.network.sizes.tolist() if isinstance(begun.network, Mixture) else []

    def progress(state: Generations) -> None:
        number = len(state.means)
        bar.advance(note=f"better half {100 * state.gains[-1]:+.2f} points")
        tracker.scalar("evolution/gain_of_better_half", state.gains[-1], number)
        for row, weights in enumerate(state.means[-1]):
            of = f"/batch-{sizes[row]}" if sizes else ""
            for name, weight in zip((NETWORK, *recipe.features), weights, strict=True):
                tracker.scalar(f"evolution/weight/{name}{of}", weight, number)

    bred = evolve(
        begun,
        env,
        recipe,
        lambda number: task_groups(env, recipe, training, seed=seed, generation=number),
        seed=seed,
        device=device,
        checkpoint=checkpoint.part("generations"),
        progress=progress,
    )
    checkpoint.work.steps += checkpoint.work.counter.tally.steps - before
    bar.done()
    return bred


def branched(
    policy: Policy,
    agent: TrainedRecipe,
    env: EnvRecipe,
    training: Sequence[str],
    seed: int,
    device: str,
    checkpoint: Checkpoint,
    tracker: Tracker,
) -> Policy:
    """Return the policy after the branching policy gradient of its recipe, on fresh tasks and ``training`` tables."""
    recipe = agent.branching or BranchingRecipe()
    drawn = EvolutionRecipe(tasks=recipe.tasks, tables=recipe.tables, episodes=1)
    number = 0

    def draw(update: int) -> list[Task]:
        # Not the tasks of an evolution of the same seed.
        groups = task_groups(env, drawn, training, seed=seed, generation=_BEYOND + update)
        return [task for group in groups for task in group.tasks]

    def progress(update: Update) -> None:
        nonlocal number
        number += 1
        for name, value in dataclasses.asdict(update).items():
            tracker.scalar(f"branching/{name}", value, number)

    return branch(
        policy,
        played_on(env, training, candidates_of(agent, policy)),
        recipe,
        draw,
        device=device,
        checkpoint=checkpoint.part("updates"),
        progress=progress,
    )


def candidates_of(agent: TrainedRecipe, policy: Policy) -> CandidatesRecipe | None:
    """Return what the policy chooses from when it plays, as a recipe; the agent's own where it is no mixture."""
    if not isinstance(policy.mixture, CandidateMixture):
        return agent.candidates
    return CandidatesRecipe(**dataclasses.asdict(policy.mixture))


def played_on(env: EnvRecipe, training: Sequence[str], candidates: CandidatesRecipe | None) -> EnvRecipe:
    """Return the environment on its ``training`` data sets alone, with the candidates that the policy plays with."""
    changed: dict[str, Any] = {"data": env.data.model_copy(update={"sets": tuple(training), "synthetic": {}})}
    if candidates is not None and env.action.kind == "record":
        changed["action"] = env.action.model_copy(update={"candidates": candidates})
    return env.model_copy(update=changed)


def reinforce(
    policy: Policy,
    env: EnvRecipe,
    recipe: ReinforcementRecipe,
    *,
    seed: int,
    log: Path | None,
    checkpoint: Checkpoint,
    bars: Bars,
    tracker: Tracker,
) -> Policy:
    """Return the policy that reinforcement learning made of it.

    The queries that it played, and how far it moved, are added to the checkpoint's work.
    """
    from alrl.agents.training.reinforcement.run import improve

    progress = _Progress("reinforcement", bars.bar(recipe.kind, recipe.steps), tracker)

    def moved(measures: dict[str, float]) -> None:
        for name, value in measures.items():
            checkpoint.work.scalars[f"reinforcement/{name}"] = value
            tracker.scalar(f"reinforcement/{name}", value, progress.done)

    running = checkpoint.part(recipe.kind)
    improved = improve(policy, env, recipe, seed=seed, log=log, progress=progress, checkpoint=running, moved=moved)
    progress.bar.done()
    checkpoint.work.steps += progress.done
    return improved


def by_algorithm(
    policy: Policy, env: EnvRecipe, recipe: AlgorithmRecipe, *, seed: int, work: Work, bars: Bars, tracker: Tracker
) -> Policy:
    """Return the policy that an algorithm of one's own made of it; the queries that it played are added to ``work``."""
    progress = _Progress("algorithm", bars.bar(recipe.kind, recipe.steps), tracker)

    algorithm = make_algorithm(recipe.kind, **(recipe.model_extra or {}))
    environment = ActiveLearningVectorEnv(env, num_envs=recipe.envs)
    start = copy.deepcopy(policy.network)
    network = improved(algorithm, start, environment, steps=recipe.steps, seed=seed, progress=progress)
    environment.close()
    progress.bar.done()
    work.steps += progress.done
    return dataclasses.replace(policy, network=network.eval())


def search_weights(
    policy: Policy,
    env: EnvRecipe,
    recipe: SearchRecipe,
    draw: Callable[[int], Sequence[Task]],
    *,
    seed: int,
    device: str,
    checkpoint: Checkpoint,
    bars: Bars,
    tracker: Tracker,
) -> Policy:
    """Return the policy of the weights found; ``draw`` gives a generation's tasks by its number."""
    bar, number = bars.bar(f"search, {recipe.kind}", recipe.generations), 0

    def progress(gain: float) -> None:
        nonlocal number
        number += 1
        bar.advance(note=f"best {100 * gain:+.2f} points")
        tracker.scalar("search/best_gain_over_margin", gain, number)

    before, running = checkpoint.work.counter.tally.steps, checkpoint.part("generations")
    best = search(policy, env, recipe, draw, seed=seed, device=device, checkpoint=running, progress=progress)
    checkpoint.work.steps += checkpoint.work.counter.tally.steps - before
    bar.done()
    return best


def sets_of_round(names: Sequence[str], count: int | None, seed: Sequence[int]) -> list[str]:
    """Return ``count`` of the data sets in their order, a function of the seed; all of them for None.

    >>> len(sets_of_round(["iris", "wine", "digits"], 2, [0, 1])), sets_of_round(["iris", "wine"], None, [0])
    (2, ['iris', 'wine'])
    """
    order = generator(seed, "data sets of a round").permutation(len(names))
    return [names[i] for i in sorted(order[:count])]


def searched_on(source: TaskSource, names: Sequence[str], episodes: int, seed: int) -> Callable[[int], list[Task]]:
    """Return what draws the tasks of a generation of a search, by its number: ``episodes`` on data sets by chance."""

    def draw(generation: int) -> list[Task]:
        order = generator([seed, generation], "search data sets").permutation(len(names))
        chosen = [names[order[i % len(order)]] for i in range(episodes)]
        return [source.draw([seed, 1 + generation, i], name) for i, name in enumerate(chosen)]

    return draw


def made_by(agent: TrainedRecipe, env: EnvRecipe, seed: int) -> dict[str, Any]:
    """Return what a card says of the recipes."""
    return {
        "agent": recipes.canonical_json(agent),
        "agent_sha256": recipes.identity(agent),
        "environment": recipes.canonical_json(env),
        "environment_sha256": recipes.identity(env),
        "seed": seed,
    }


def data_sets_seen(start: Policy | None, **names: Sequence[str]) -> dict[str, Any]:
    """Return what a card says of data sets: by part ``names``, and those that the training's ``start`` had seen."""
    if start is None:
        return {part: list(own) for part, own in names.items()}
    seen = {part: list(dict.fromkeys((*own, *start.card.get(part, ())))) for part, own in names.items()}
    return {"start": start.fingerprint, **seen}


def by_stage(scalars: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the scalars of imitation, and of reinforcement learning where there was any, for a card.

    >>> by_stage({"imitation/loss": 1.5, "reinforcement/kl": 0.1})
    {'imitation': {'imitation/loss': 1.5}, 'reinforcement': {'reinforcement/kl': 0.1}}
    """
    parts = {
        part: {name: value for name, value in scalars.items() if name.startswith(f"{part}/")}
        for part in ("imitation", "reinforcement")
    }
    return {part: settings for part, settings in parts.items() if settings or part == "imitation"}


class _Progress:
    """Shows how far a training in an environment is, and keeps its mean return."""

    def __init__(self, name: str, bar: Bar, tracker: Tracker) -> None:
        self._name, self.bar, self._tracker, self.done = name, bar, tracker, 0

    def __call__(self, steps: int, mean: float | None) -> None:
        self.bar.advance(steps - self.done, note="" if mean is None else f"mean return {mean:+.4f}")
        self.done = steps
        if mean is not None:
            self._tracker.scalar(f"{self._name}/mean_return", mean, steps)
