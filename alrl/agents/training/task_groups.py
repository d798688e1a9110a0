"""Tasks of an evolution: fresh synthetic tasks that nothing else plays, and the environment's own tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alrl.agents.training.evolution import TaskGroup
from alrl.agents.training_recipes import EvolutionRecipe
from alrl.envs.recipe import EnvRecipe
from alrl.envs.task_source import TaskSource
from alrl.numerics.streams import generator

FRESH = 1_000_000
"""Numbers of fresh synthetic data sets begin here; those of environments are smaller."""
_A_GENERATION = 1_000
_A_SEED = 10_000_000


def task_groups(
    env: EnvRecipe, recipe: EvolutionRecipe, tables: Sequence[str], *, seed: int, generation: int
) -> list[TaskGroup]:
    """Return the groups of tasks of a generation: a function of the recipes, the seed and its number.

    Synthetic families are drawn by the environment's shares; ``tables`` are its training data sets that
    are not synthetic. Batch sizes are taken in turns.
    """
    draws = generator([seed, generation], "evolution")
    real = [name for name in tables if not name.startswith("synthetic/")]
    names = _names(env, recipe, real, draws, _A_SEED * seed + _A_GENERATION * generation)
    source = TaskSource(
        names,
        tables=env.data.tables,
        split=env.data.split.model_dump(),
        first=env.budget.first_settings,
        contaminations=env.contaminations,
        circumstances=env.circumstances,
    )
    made = []
    for place, name in enumerate(names):
        tasks = [source.draw([seed, FRESH + generation, place, episode], name) for episode in range(recipe.episodes)]
        made.append(TaskGroup(data_set=name, tasks=tasks, batch=recipe.batches[place % len(recipe.batches)]))
    return made


def _names(
    env: EnvRecipe, recipe: EvolutionRecipe, tables: Sequence[str], draws: np.random.Generator, offset: int
) -> list[str]:
    families, count = dict(env.data.synthetic), recipe.tasks
    real = min(round(recipe.tables * count), len(tables)) if families else min(count, len(tables))
    chosen = [tables[int(place)] for place in draws.permutation(len(tables))[:real]]
    share = np.array(list(families.values()), dtype=float)
    for number in range(count - real if families else 0):
        family = list(families)[int(draws.choice(len(share), p=share / share.sum()))]
        chosen.append(f"synthetic/{family}-{FRESH + offset + number}")
    # Batch sizes are taken in turns: shuffled, so that neither kind of data set gets one batch size alone.
    return [chosen[int(place)] for place in draws.permutation(len(chosen))]
