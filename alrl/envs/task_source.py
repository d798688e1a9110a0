"""Source of an environment's episodes: each draws a data set, a split and a first sample from its own seed."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from alrl.data.contaminations.base import Contamination
from alrl.data.data_set import DataSet
from alrl.data.first_sample import draw_first_sample
from alrl.data.table_recipe import TableRecipe, load_source
from alrl.data.task import Task, draw_task
from alrl.errors import InvalidRecipeError
from alrl.numerics.streams import generator
from alrl.recipes.suggest import unknown


class TaskSource:
    """Draws tasks from named data sets, which load on first use.

    Each task is played under one of the ``circumstances`` (contaminations, settings of the first sample), if any are
    given: in place of ``contaminations`` and ``first``.

    >>> source = TaskSource(["synthetic/tiny-0", "synthetic/tiny-1"])
    >>> source.draw([7, 0]).seed, source.draw([7, 0]).split.data_set is source.draw([7, 0]).split.data_set
    ((7, 0), True)
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        tables: Mapping[str, TableRecipe] | None = None,
        split: Mapping[str, Any] | None = None,
        first: Mapping[str, Any] | None = None,
        contaminations: Sequence[Contamination] = (),
        circumstances: Sequence[tuple[Sequence[Contamination], Mapping[str, Any]]] = (),
    ) -> None:
        self.names = tuple(names)
        self._tables = dict(tables or {})
        self._split, self._first = dict(split or {}), dict(first or {})
        self._contaminations = tuple(contaminations)
        self._circumstances = tuple(circumstances)
        self._loaded: dict[str, DataSet] = {}

    def data_set(self, name: str | DataSet) -> DataSet:
        """Return one of the data sets, or another by its name; one that is given is itself."""
        if isinstance(name, DataSet):
            return name
        if name not in self._loaded:
            self._loaded[name] = load_source(self._tables.get(name, name))
        return self._loaded[name]

    def draw(self, seed: Sequence[int], name: str | DataSet | None = None) -> Task:
        """Return the task of the episode with this seed: a function of the seed alone.

        On the data set ``name`` if given.
        """
        if name is None:
            name = self.names[int(generator(seed, "data set").integers(len(self.names)))]
        contaminations, first = self._drawn(seed)
        return draw_task(self.data_set(name), seed, split=self._split, first=first, contaminations=contaminations)

    def _drawn(self, seed: Sequence[int]) -> tuple[Sequence[Contamination], Mapping[str, Any]]:
        """Return contaminations and first sample of a task: one of the circumstances by its seed, if there are any."""
        if not self._circumstances:
            return self._contaminations, self._first
        return self._circumstances[int(generator(seed, "circumstances").integers(len(self._circumstances)))]

    def again(self, task: Task, attempt: int) -> Task:
        """Return the same task with another first sample, a function of the task's seed and of ``attempt``.

        1 or more.
        """
        first = draw_first_sample(task.split, [*task.seed, attempt], **self._drawn(task.seed)[1])
        return dataclasses.replace(task, first=first, candidates=self.samples)

    @property
    def samples(self) -> int:
        """First samples that are labelled; one of them is kept."""
        return int(self._first.get("candidates") or 1) if self._first.get("kind") == "promising" else 1


class EpisodeDraws:
    """Draws the next task of each of ``num_envs`` sub-environments: number e of seed s is a function of both.

    What is given stays in force until something else is given: without a seed the next episodes of the last seeds
    follow, without options those of the last options.
    """

    ALLOWED = ("data", "task", "reset_mask")
    """Options of ``reset``; the last says who begins."""

    def __init__(self, source: TaskSource, num_envs: int) -> None:
        self.source, self.num_envs = source, num_envs
        self.seeds: list[int] | None = None
        """One a sub-environment; None before the first reset."""
        self._episodes = [-1] * num_envs
        self._data: list[str | DataSet | None] = [None] * num_envs
        self._tasks: list[Task | int | None] = [None] * num_envs

    def reset(self, seed: int | Sequence[int] | None, options: Mapping[str, Any] | None) -> NDArray[np.bool_]:
        """Take up a seed (``seed + i``, or one each) and options; returns which sub-environments begin, (num_envs,).

        Raises InvalidRecipeError for an unknown option, and for a list of another length than there are
        sub-environments.
        """
        given = None if options is None else options.get("reset_mask")
        begin: NDArray[np.bool_] = (
            np.ones(self.num_envs, dtype=bool) if given is None else np.asarray(given, dtype=bool)
        )
        self._check_length(begin, "entries of reset_mask")
        if options is not None and set(options) != {"reset_mask"}:
            self.set_options(options, begin)
        if seed is None and self.seeds is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        if seed is not None:
            seeds = list(seed) if isinstance(seed, Sequence) else [seed + i for i in range(self.num_envs)]
            self._check_length(seeds, "seeds")
            before = self.seeds or seeds
            self.seeds = [int(new if yes else old) for new, old, yes in zip(seeds, before, begin, strict=True)]
            self._episodes = [-1 if yes else count for count, yes in zip(self._episodes, begin, strict=True)]
        return begin

    def set_options(self, options: Mapping[str, Any], where: NDArray[np.bool_] | None = None) -> None:
        """Let options be in force from the next episode on, in the mask ``where`` (num_envs,) or everywhere.

        Raises InvalidRecipeError for an unknown one, and what loading a data set raises.
        """
        for name in options:
            if name not in self.ALLOWED:
                raise InvalidRecipeError(unknown("reset option", name, self.ALLOWED))
        data, tasks = self._one_each(options.get("data"), "data sets"), self._one_each(options.get("task"), "tasks")
        for name in data:
            if name is not None:
                self.source.data_set(name)
        there = np.ones(self.num_envs, dtype=bool) if where is None else where
        self._data = [new if yes else old for new, old, yes in zip(data, self._data, there, strict=True)]
        self._tasks = [new if yes else old for new, old, yes in zip(tasks, self._tasks, there, strict=True)]

    def _one_each(self, given: Any, what: str) -> list[Any]:
        if not isinstance(given, list | tuple):
            return [given] * self.num_envs
        self._check_length(given, what)
        return list(given)

    def _check_length(self, given: Any, what: str) -> None:
        if len(given) != self.num_envs:
            raise InvalidRecipeError(f"{len(given)} {what} given for {self.num_envs} sub-environments; give one each")

    def next(self, episode: int) -> Task:
        """Return the next task of a sub-environment."""
        self._episodes[episode] += 1
        task = self._tasks[episode]
        if isinstance(task, Task):
            return task
        seed = [(self.seeds or [])[episode], self._episodes[episode]] if task is None else [task]
        return self.source.draw(seed, self._data[episode])

    def take(self, episodes: Tensor) -> EpisodeDraws:
        """Return what copies of ``episodes`` (long, repeats allowed) draw from."""
        part, index = copy.copy(self), episodes.tolist()
        part.num_envs = len(index)
        part.seeds = None if self.seeds is None else [self.seeds[i] for i in index]
        for name in ("_episodes", "_data", "_tasks"):
            setattr(part, name, [getattr(self, name)[i] for i in index])
        return part
