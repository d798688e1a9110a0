"""The vector environment and the shipped policy against what a hand-written loop and margin sampling take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.envs.recipe import EnvRecipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.evaluation.simulate import simulate
from alrl.metadata import DEFAULT_GROUPS
from benchmarks.baseline_loop import hand_written_loop
from benchmarks.workloads import Size

CANDIDATES = 32
TARGETS = {"digits": 30.0, "breast_cancer": 60.0}
"""Ratio of the environment's steps a second, in one process, to those of the hand-written loop."""
WORKERS_TARGET = 1.7
"""How much faster two processes are to be than one."""
POLICY, POLICY_TARGET = "general", 2.0
"""The shipped policy, and what it may take at most over what margin sampling takes in the same loop."""
_BY_HAND = 2
"""Episodes that the hand-written loop plays in each repeat."""
_SPLIT = {"pool": 0.5, "validation": 0.2, "test": 0.3}


@dataclass(frozen=True, kw_only=True)
class EnvSpeed:
    """Steps per second of one environment, with its observation and its paired reward."""

    data_set: str
    episodes: int
    """Played at once."""
    workers: int
    speeds: tuple[float, ...]
    """In each repeat, resets included."""
    by_hand: tuple[float, ...]
    """Steps per second of the hand-written loop in the same repeats."""

    @property
    def median(self) -> float:
        """Over the repeats."""
        return median(self.speeds)

    @property
    def ratios(self) -> tuple[float, ...]:
        """To the hand-written loop, in each repeat.

        >>> EnvSpeed(data_set="iris", episodes=64, workers=1, speeds=(900.0,), by_hand=(30.0,)).ratios
        (30.0,)
        """
        return tuple(ours / theirs for ours, theirs in zip(self.speeds, self.by_hand, strict=True))


@dataclass(frozen=True, kw_only=True)
class PolicyCost:
    """How much longer a loop of the shipped policy takes than one of margin sampling."""

    data_set: str
    ratios: tuple[float, ...]
    """In each repeat."""


def recipe(data_set: str) -> EnvRecipe:
    """Return an environment of 100 labels on a data set, all features, paid by its gain over that of margin sampling.

    >>> recipe("digits").action.candidates.count
    32
    """
    return EnvRecipe.model_validate(
        {
            "data": {"sets": (data_set,), "split": _SPLIT},
            "budget": {"labels": 100},
            "action": {"candidates": {"count": CANDIDATES, "margin": 0.5, "random": 0.5}},
            "observation": {"features": DEFAULT_GROUPS},
            "reward": {"against": "margin"},
        }
    )


def measure_environment(data_set: str, workers: int, *, size: Size, tick: Callable[[int], object]) -> EnvSpeed:
    """Play by hand, then an episode at the size given, in each repeat; ``tick`` is called with its steps."""
    env = ActiveLearningVectorEnv(recipe(data_set), num_envs=size.env_episodes, workers=workers)
    chance = np.random.default_rng(0)
    speeds, by_hand = [], []
    try:
        _, info = env.reset(seed=0)
        env.step(_random(info["action_mask"], chance))
        for repeat in range(size.env_repeats):
            by_hand.append(_by_hand(data_set, repeat, size.env_steps - 1))
            started = time.perf_counter()
            _, info = env.reset(seed=1000 * repeat)
            for _ in range(size.env_steps):
                _, _, _, _, info = env.step(_random(info["action_mask"], chance))
            speeds.append(size.env_episodes * size.env_steps / (time.perf_counter() - started))
            tick(size.env_steps)
    finally:
        env.close()
    return EnvSpeed(
        data_set=data_set, episodes=size.env_episodes, workers=workers, speeds=tuple(speeds), by_hand=tuple(by_hand)
    )


def _by_hand(data_set: str, repeat: int, labels: int) -> float:
    """Return steps per second of the hand-written loop, refitted from scratch, querying by margin."""
    data = load_data_set(data_set)
    tasks = [draw_task(data, [repeat, episode], split=_SPLIT) for episode in range(_BY_HAND)]
    started = time.perf_counter()
    for task in tasks:
        hand_written_loop(task, "margin", labels)
    return _BY_HAND * labels / (time.perf_counter() - started)


def measure_policy(data_set: str, *, size: Size) -> PolicyCost:
    """Play the shipped policy and margin sampling in turns, as many episodes at once as environments."""
    labels = min(60, size.env_steps)
    for strategy in ("margin", POLICY):
        simulate(data_set, strategy, labels=2, seeds=2)
    ratios = []
    for repeat in range(size.env_repeats):
        seeds, seconds = range(repeat * size.env_episodes, (repeat + 1) * size.env_episodes), dict[str, float]()
        for strategy in ("margin", POLICY):
            started = time.perf_counter()
            simulate(data_set, strategy, labels=labels, seeds=seeds)
            seconds[strategy] = time.perf_counter() - started
        ratios.append(seconds[POLICY] / seconds["margin"])
    return PolicyCost(data_set=data_set, ratios=tuple(ratios))


def _random(mask: NDArray[np.bool_], chance: np.random.Generator) -> NDArray[np.int64]:
    """Return a candidate that may be chosen, for every episode; any where none may."""
    return np.asarray((chance.random(mask.shape) * mask).argmax(1))
