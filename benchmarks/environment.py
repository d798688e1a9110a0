"""Steps per second of the vector environment under a random policy, with all features on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from alrl.envs.recipe import EnvRecipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.metadata import DEFAULT_GROUPS
from benchmarks.workloads import Size

CANDIDATES = 32
TARGETS = {"digits": 3_000, "breast_cancer": 10_000}
"""Steps a second to reach."""


@dataclass(frozen=True, kw_only=True)
class EnvSpeed:
    """Steps per second of one environment."""

    data_set: str
    episodes: int
    """Played at once."""
    workers: int
    speeds: tuple[float, ...]
    """In each repeat, resets included."""

    @property
    def median(self) -> float:
        """Over the repeats."""
        return median(self.speeds)


def recipe(data_set: str) -> EnvRecipe:
    """Return an environment of 100 labels on a data set, all features, paid by its own gain.

    >>> recipe("digits").action.candidates.count
    32
    """
    return EnvRecipe.model_validate(
        {
            "data": {"sets": (data_set,), "split": {"pool": 0.5, "validation": 0.2, "test": 0.3}},
            "budget": {"labels": 100},
            "action": {"candidates": {"count": CANDIDATES, "margin": 0.5, "random": 0.5}},
            "observation": {"features": DEFAULT_GROUPS},
            "reward": {"against": "nothing"},
        }
    )


def measure_environment(data_set: str, workers: int, *, size: Size, tick: Callable[[int], object]) -> EnvSpeed:
    """Play an episode, at the size given, in each repeat; ``tick`` is called with its steps."""
    env = ActiveLearningVectorEnv(recipe(data_set), num_envs=size.env_episodes, workers=workers)
    chance = np.random.default_rng(0)
    speeds = []
    try:
        _, info = env.reset(seed=0)
        env.step(_random(info["action_mask"], chance))
        for repeat in range(size.env_repeats):
            started = time.perf_counter()
            _, info = env.reset(seed=1000 * repeat)
            for _ in range(size.env_steps):
                _, _, _, _, info = env.step(_random(info["action_mask"], chance))
            speeds.append(size.env_episodes * size.env_steps / (time.perf_counter() - started))
            tick(size.env_steps)
    finally:
        env.close()
    return EnvSpeed(data_set=data_set, episodes=size.env_episodes, workers=workers, speeds=tuple(speeds))


def _random(mask: NDArray[np.bool_], chance: np.random.Generator) -> NDArray[np.int64]:
    """Return a candidate that may be chosen, for every episode; any where none may."""
    return np.asarray((chance.random(mask.shape) * mask).argmax(1))
