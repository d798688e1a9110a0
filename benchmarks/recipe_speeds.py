"""Steps per second of every environment recipe, as it is declared, under a random policy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import gymnasium
import numpy as np
from numpy.typing import NDArray

from alrl import recipes
from alrl.envs.recipe import load_env_recipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from benchmarks.workloads import Size

_FEW = 2
"""Episodes of the warm-up, which loads the data and the compiled passes."""


@dataclass(frozen=True, kw_only=True)
class RecipeSpeed:
    """Declare how fast one recipe is played, a number of episodes at once in one process."""

    recipe: str
    episodes: int
    steps: tuple[int, ...]
    """Steps of the vector environment in each repeat, from the start of an episode on."""
    seconds: tuple[float, ...]
    """What they took."""
    starts: tuple[float, ...]
    """Seconds that it took to begin all episodes, in each repeat."""

    @property
    def speeds(self) -> tuple[float, ...]:
        """Steps per second over all episodes, in each repeat.

        >>> RecipeSpeed(recipe="wine", episodes=64, steps=(10, 10), seconds=(2.0, 4.0), starts=(0.5, 0.25)).speeds
        (320.0, 160.0)
        """
        return tuple(self.episodes * steps / spent for steps, spent in zip(self.steps, self.seconds, strict=True))

    @property
    def median(self) -> float:
        """Of the speeds."""
        return median(self.speeds)

    @property
    def start(self) -> float:
        """Median milliseconds to begin one episode: draw its task, fit to its first sample, observe."""
        return 1000 * median(self.starts) / self.episodes


def measure_recipe(name: str, size: Size, tick: Callable[[str], object]) -> tuple[RecipeSpeed, ...]:
    """Play a recipe at each number of episodes of ``size``; ``tick`` is called with the name after each."""
    recipe = load_env_recipe(name)
    least = max(recipe.action.sizes or (recipe.budget.batch,)) if recipe.action.kind == "record" else 1
    _play(ActiveLearningVectorEnv(recipe, num_envs=_FEW), seed=0, least=least + 1, seconds=0.0)
    speeds = []
    for episodes in size.recipe_episodes:
        env = ActiveLearningVectorEnv(recipe, num_envs=episodes)
        played = [
            _play(env, seed=1000 * repeat, least=least, seconds=size.recipe_seconds) for repeat in range(size.repeats)
        ]
        steps, seconds, starts = zip(*played, strict=True)
        speeds.append(RecipeSpeed(recipe=name, episodes=episodes, steps=steps, seconds=seconds, starts=starts))
        tick(name)
    return tuple(speeds)


def recipe_names() -> list[str]:
    """Return the recipes that are measured: all there are."""
    return recipes.names("envs")


def _play(env: ActiveLearningVectorEnv, *, seed: int, least: int, seconds: float) -> tuple[int, float, float]:
    """Begin the episodes, then step for some ``seconds``, ``least`` steps at least: steps, their seconds, the start's.

    What begins anew within that time, as an agent that stops by lot soon makes it, counts among the steps.
    """
    chance = np.random.default_rng(seed)
    began = time.perf_counter()
    _, info = env.reset(seed=seed)
    started, steps = time.perf_counter(), 0
    while steps < least or time.perf_counter() - started < seconds:
        _, _, _, _, info = env.step(random_actions(env, info["action_mask"], chance))
        steps += 1
    return steps, time.perf_counter() - started, started - began


def random_actions(
    env: ActiveLearningVectorEnv, mask: NDArray[np.bool_], chance: np.random.Generator
) -> NDArray[np.generic]:
    """Return an action that the mask (B, M) allows in every episode, each as likely; any where none is allowed."""
    space = env.single_action_space
    if isinstance(space, gymnasium.spaces.Box):
        return chance.uniform(space.low, space.high, (env.num_envs, *space.shape)).astype(np.float32)
    return np.asarray((chance.random(mask.shape) * mask).argmax(1))
