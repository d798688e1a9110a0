"""Evolution of a mixture's weights: antithetic pairs, common random numbers, fresh tasks in every generation."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from alrl.agents.networks.mixture import NETWORK, Mixture
from alrl.agents.policy import Policy
from alrl.agents.training.checkpoint import Checkpoint
from alrl.agents.training_recipes import EvolutionRecipe
from alrl.data.task import Task
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.loop.simulator import Simulator
from alrl.metadata import GROUPS, FeatureSet
from alrl.recipes.suggest import unknown
from alrl.strategies.play import play

_TOGETHER = 96
"""Episodes in one simulator at most."""


@dataclass(frozen=True, kw_only=True)
class TaskGroup:
    """Paired episodes of one generation on one data set."""

    data_set: str
    tasks: Sequence[Task]
    batch: int


@dataclass(frozen=True, kw_only=True)
class Generations:
    """Where an evolution stands, one entry a generation."""

    means: list[list[list[float]]] = field(default_factory=list)
    """Weights after each generation: one row, or one for each size of a batch that has its own."""
    spreads: list[float] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    """Of each generation, how much better its best half was than the mean of all, in area: half of the episodes decide
    which half is best, the other half measure it."""


def check_evolvable(features: FeatureSet, recipe: EvolutionRecipe) -> None:
    """Raise InvalidRecipeError for a feature that is to be weighed and is not observed, with the group that has it."""
    names = [feature.name for feature in features.record]
    for name in recipe.features:
        if name not in names:
            group = next((each.name for each in GROUPS.values() if name in {own.name for own in each.features}), None)
            raise InvalidRecipeError(
                f"evolution: features: {unknown('observed feature of a record', name, names)}"
                if group is None
                else f'evolution: the feature {name} is of the group "{group}", which the environment does not observe;'
                " observe it, or give evolution features that are observed"
            )


def mixture_of(policy: Policy, recipe: EvolutionRecipe) -> Policy:
    """Return the policy whose network is the first term of a mixture of the recipe's features and first weights.

    A policy that has a mixture already goes on from its weights, unless the recipe gives a ``start`` of its own. Where
    each size of a batch gets weights of its own, those of other sizes are kept, and weights that were for every size
    become those of single queries.

    Raises InvalidRecipeError for a feature that is not observed, or weighed at first and not in the recipe.
    """
    check_evolvable(policy.features, recipe)
    names = [feature.name for feature in policy.features.record]
    sizes, prior = sorted(set(recipe.batches)) if recipe.by_size else [], policy.network
    starts = [dict(recipe.start) for _ in sizes or (1,)]
    if isinstance(prior, Mixture):
        anew: Sequence[int] = () if "start" not in recipe.model_fields_set else sizes or (1,)
        sizes = sorted({*(prior.sizes.tolist() or (1,)), *sizes}) if sizes else []
        starts = [
            dict(recipe.start)
            if size in anew
            else dict(zip(prior.names, prior.of_batch(size).weight.tolist(), strict=True))
            for size in sizes or (1,)
        ]
        inner: Any = prior.prior
        prior = inner
    for first in starts:
        for name in first:
            if name not in {NETWORK, *recipe.features}:
                raise InvalidRecipeError(
                    f"evolution: {name} weighs {first[name]:g} at first; add it to features, or give start"
                )
    weight = torch.tensor([[first.get(name, 0.0) for name in (NETWORK, *recipe.features)] for first in starts])
    columns = [names.index(name) for name in recipe.features]
    network = Mixture(policy.features, prior, columns, _scaled(weight if sizes else weight[0]), sizes=sizes)
    mixture = recipe.candidates.build() if recipe.candidates is not None else policy.mixture
    return dataclasses.replace(policy, network=network, mixture=mixture)


def evolve(
    policy: Policy,
    env: EnvRecipe,
    recipe: EvolutionRecipe,
    draw: Callable[[int], Sequence[TaskGroup]],
    *,
    seed: int,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Generations], object] | None = None,
) -> Policy:
    """Return the policy with evolved weights: the mean of the means of the last generations (the later half).

    Each generation tries weightings in pairs around the mean (Salimans et al. 2017), all in the same episodes, and the
    next mean is that of the better half, the best weighing most, in logarithms of the rank (Hansen and Ostermeier
    2001), of a size of a batch by the episodes of that size where each has its own. Weights are scaled so that the
    largest of the mean is one: a choice does not depend on their size.

    Args:
        policy: of a :class:`Mixture`, as :func:`mixture_of` makes it.
        env: whose learner and budget are played.
        recipe: how long and how wide.
        draw: the groups of tasks of a generation, by its number; a function of that alone.
        seed: of the weightings; those of a generation depend on it and on its number alone.
        device: where loops are computed.
        checkpoint: where the state is kept after each generation, and gone on from.
        progress: called after each generation.
    """
    network, checkpoint = _mixture(policy), checkpoint or Checkpoint()
    state = checkpoint.load()
    stands = Generations(**state.values) if state is not None else Generations()
    sizes = network.sizes.tolist()
    means = torch.tensor(stands.means[-1]) if stands.means else network.weight.view(len(sizes) or 1, -1)
    for number in range(len(stands.means), recipe.generations):
        spread = recipe.spread * recipe.narrows ** (number / max(recipe.generations - 1, 1))
        pairs, groups, gains = spread * _pairs(means.shape[1], recipe.pairs, seed, number), draw(number), list[float]()
        means = means.clone()
        for place in range(len(means)):
            tried = means[place] + pairs
            own = [group for group in groups if not sizes or group.batch == sizes[place]]
            areas = [trial_areas(policy, env, recipe, group, tried, device=device) for group in own]
            if areas:
                means[place] = _scaled((tried * _ranked(fitness(areas, recipe.clip), recipe.elite)[:, None]).sum(0))
                gains.append(_progress_on_other_halves(areas, recipe.clip))
        stands.means.append(means.tolist())
        stands.spreads.append(spread)
        stands.gains.append(sum(gains) / len(gains))
        checkpoint.save(dataclasses.asdict(stands))
        if progress is not None:
            progress(stands)
    weight = averaged(stands.means, recipe.averaged)
    return with_weights(policy, weight if sizes else weight[0], sizes)


def averaged(means: Sequence[Any], share: float = 0.5) -> Tensor:
    """Return the mean of the last ``share`` of the means, (..., m): the noise of single generations cancels there."""
    later = torch.tensor(means[min(int(len(means) * (1 - share)), len(means) - 1) :])
    return _scaled(later.mean(0))


def with_weights(policy: Policy, weight: Tensor, sizes: Sequence[int] = ()) -> Policy:
    """Return the policy whose mixture has these weights: (1 + m,), (B, 1 + m), or of S ``sizes`` (S, 1 + m)."""
    network = _mixture(policy)
    prior: Any = network.prior
    made = Mixture(policy.features, prior, network.columns.tolist(), weight, sizes=sizes)
    return dataclasses.replace(policy, network=made)


def _mixture(policy: Policy) -> Mixture:
    if not isinstance(policy.network, Mixture):
        raise InvalidRecipeError(f"a {policy.network.described['kind']} cannot be evolved; only a mixture can")
    return policy.network


def trial_areas(
    policy: Policy, env: EnvRecipe, recipe: EvolutionRecipe, group: TaskGroup, tried: Tensor, *, device: str = "cpu"
) -> Tensor:
    """Return area under the accuracy curve on the validation part, (P, E), of P weightings in the same E episodes."""
    beside, areas = max(1, _TOGETHER // len(tried)), []
    labels = recipe.labels or env.budget.labels
    for start in range(0, len(group.tasks), beside):
        part = group.tasks[start : start + beside]
        player = with_weights(policy, tried.repeat(len(part), 1)).to(device)
        tasks = [task for task in part for _ in tried]
        simulator = Simulator(tasks, env.learner.build(), device=device, **env.loop_settings)
        # A pool that runs out ends the budget for all of them alike.
        most = min(labels, *(len(task.split.pool) - len(task.first) for task in part))
        played = play(simulator, player, labels=max(most, 1), batch=group.batch, part="validation")
        areas.append(played.area.view(len(part), len(tried)).T)
    return torch.cat(areas, 1)


def fitness(areas: Sequence[Tensor], clip: float) -> Tensor:
    """Return the mean over data sets of each weighting's area (P, E) beyond that of all, clipped, (P,).

    >>> fitness([torch.tensor([[0.5, 0.7], [0.4, 0.6]]), torch.tensor([[0.1], [0.9]])], 0.1)
    tensor([-0.0250,  0.0250])
    """
    means = torch.stack([area.double().mean(1) for area in areas])
    return (means - means.mean(1, keepdim=True)).clamp(-clip, clip).mean(0).float()


def _progress_on_other_halves(areas: Sequence[Tensor], clip: float) -> float:
    """Return how much better the better half is than all, by the episodes that did not decide which half that is."""
    halves = [[area[:, start::2] for area in areas if area.shape[1] > 1] for start in (0, 1)]
    if not halves[0]:
        return math.nan
    gains = []
    for deciding, measuring in (halves, halves[::-1]):
        by, value = fitness(deciding, clip), fitness(measuring, clip)
        gains.append(float(value[by.argsort(descending=True)[: max(1, len(by) // 2)]].mean()))
    return sum(gains) / len(gains)


def _pairs(weights: int, pairs: int, seed: int, generation: int) -> Tensor:
    draws = torch.Generator().manual_seed((seed * 1_000_003 + generation) % 2**63)
    drawn = torch.randn(pairs, weights, generator=draws)
    return torch.cat([drawn, -drawn])


def _ranked(value: Tensor, share: float) -> Tensor:
    """Return weights (P,) that sum to one: of the best ``share`` by rank, zero for the rest."""
    kept = max(1, int(len(value) * share))
    weight = math.log(kept + 0.5) - torch.arange(1, kept + 1).double().log()
    weights = torch.zeros(len(value))
    weights[value.argsort(descending=True)[:kept]] = (weight / weight.sum()).float()
    return weights


def _scaled(weight: Tensor) -> Tensor:
    return weight / weight.abs().amax(-1, keepdim=True).clamp_min(1e-6)
