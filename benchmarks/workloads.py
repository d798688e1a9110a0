"""Workloads that are measured, and their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from alrl.data.sources import load_data_set
from alrl.data.task import Task, draw_task
from alrl.errors import InvalidRecipeError
from alrl.learners import make_learner
from alrl.loop.learner import Learner
from alrl.recipes.suggest import unknown

BaselineRule = Literal["margin", "random"]
Model = Literal["softmax-regression", "multilayer-perceptron"]

SPLIT: Mapping[str, float] = MappingProxyType({"pool": 0.5, "validation": 0.002, "test": 0.498})
"""Half the data is the pool, half the test part, but for a record or a few: every split has a validation part."""
HIDDEN, EPOCHS, LEARNING_RATE = 64, 50, 1e-2
"""Size of the multilayer perceptron and its training by Adam, on all sides."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Queries of one rule on one data set: half of it the pool, half the test part, one label a class to start."""

    name: str
    data_set: str
    rule: BaselineRule = "margin"
    model: Model = "softmax-regression"
    labels: int = 100
    batch: int = 1
    """Queries between two refits."""
    target: float
    """Ratio to the cold hand-written loop to reach with 64 episodes or more, on both cores."""
    single_target: float | None = None
    """Ratio to reach with a single episode."""

    @property
    def title(self) -> str:
        """Name and content.

        >>> WORKLOADS["W3"].title
        'W3: digits, 20 loops of 10, margin'
        """
        queries = f"{self.labels} queries" if self.batch == 1 else f"{self.labels // self.batch} loops of {self.batch}"
        model = f", MLP of {HIDDEN}" if self.model == "multilayer-perceptron" else ""
        return f"{self.name}: {self.data_set}, {queries}, {self.rule}{model}"

    @property
    def loops(self) -> int:
        """Refits after the first, each a step: the unit of every speed here."""
        return -(-self.labels // self.batch)

    def learner(self, seed: int = 0) -> Learner:
        """Return ours, unfitted; a perceptron begins where ``seed`` says."""
        if self.model == "softmax-regression":
            return make_learner(self.model)
        return make_learner(self.model, hidden=(HIDDEN,), epochs=EPOCHS, learning_rate=LEARNING_RATE, seed=seed)

    def task(self, seed: int) -> Task:
        """Return the task that every side plays for this seed."""
        return draw_task(load_data_set(self.data_set), [seed], split=SPLIT)


WORKLOADS: Mapping[str, Workload] = {
    each.name: each
    for each in (
        Workload(name="W1", data_set="digits", target=45, single_target=3),
        Workload(name="W2", data_set="breast_cancer", target=180, single_target=8),
        Workload(name="W3", data_set="digits", labels=200, batch=10, target=30),
        Workload(name="W4", data_set="digits", rule="random", target=30),
        Workload(name="W5", data_set="digits", model="multilayer-perceptron", labels=30, target=15),
    )
}


@dataclass(frozen=True, kw_only=True)
class Size:
    """Hold how much of everything is measured."""

    repeats: int = 3
    seeds: int = 6
    """Seeds that the hand-written loop plays in each repeat, new ones every time; the other sides play half of them."""
    episodes: tuple[int, ...] = (1, 16, 64, 256)
    workers: tuple[int, ...] = (1, 2)
    loops: int | None = None
    """Most rounds of a workload; None for all."""
    env_repeats: int = 3
    env_episodes: int = 64
    env_steps: int = 101
    """Steps of each environment in a repeat: an episode and the start of the next."""
    recipe_episodes: tuple[int, ...] = (1, 64, 512)
    """Episodes at once of every environment recipe."""
    recipe_seconds: float = 0.5
    """Seconds that each recipe is played at each of them in a repeat, or until a batch is full."""
    growth_loops: int = 150
    large_pool: int = 1_000_000
    """Records of the large pool."""
    large_pool_loops: int = 5

    def __post_init__(self) -> None:
        for name, given, least in (("repeats", self.repeats, 1), ("seeds", self.seeds, 1)):
            if given < least:
                raise InvalidRecipeError(f"{name} = {given} given; give at least {least}")

    def cut(self, workload: Workload) -> int:
        """Return queries of a workload."""
        return workload.labels if self.loops is None else min(workload.labels, self.loops * workload.batch)

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """Episodes at once and workers of each run of ours: a single episode has a single worker."""
        return tuple((B, workers) for B in self.episodes for workers in self.workers if workers <= B)


QUICK = Size(
    repeats=2,
    seeds=1,
    episodes=(1, 8),
    workers=(1,),
    loops=4,
    env_repeats=2,
    env_episodes=4,
    env_steps=4,
    recipe_episodes=(1,),
    recipe_seconds=0.01,
    growth_loops=12,
    large_pool=20_000,
    large_pool_loops=2,
)


def chosen(names: str | None) -> tuple[Workload, ...]:
    """Return the workloads named in a list such as ``W1,W2``; all of them for None.

    Raises InvalidRecipeError for a name that is none.

    >>> [each.name for each in chosen("w4, W1")]
    ['W4', 'W1']
    """
    if names is None:
        return tuple(WORKLOADS.values())
    workloads = []
    for name in (part.strip().upper() for part in names.split(",")):
        if name not in WORKLOADS:
            raise InvalidRecipeError(unknown("workload", name, WORKLOADS))
        workloads.append(WORKLOADS[name])
    return tuple(workloads)
