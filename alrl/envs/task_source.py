"""Source of an environment's episodes: each draws a data set, a split and a first sample from its own seed."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.data.contaminations.base import Contamination
from alrl.data.data_set import DataSet
from alrl.data.first_sample import draw_first_sample
from alrl.data.table_recipe import TableRecipe, load_source
from alrl.data.task import Task, draw_task
from alrl.errors import InvalidRecipeError
from alrl.numerics.arguments import whole_number
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

    ALLOWED = ("data", "task")
    """Options that stay in force; ``reset`` takes ``reset_mask`` too, which says who begins."""

    def __init__(self, source: TaskSource, num_envs: int) -> None:
        self.source, self.num_envs = source, num_envs
        self.seeds: list[int] | None = None
        """One a sub-environment; None before the first reset."""
        self._episodes = [-1] * num_envs
        self._data: list[str | DataSet | None] = [None] * num_envs
        self._tasks: list[Task | int | None] = [None] * num_envs

    def reset(self, seed: int | Sequence[int] | None, options: Mapping[str, Any] | None) -> NDArray[np.bool_]:
        """Take up a seed (``seed + i``, or one each) and options; returns which sub-environments begin, (num_envs,).

        Raises InvalidRecipeError for an unknown option, for a value that is none, and for a list of another length than
        there are sub-environments; nothing is taken up then.
        """
        lasting = None if options is None else _mapping(options, [*self.ALLOWED, "reset_mask"])
        begin = self._begin(lasting.pop("reset_mask", None) if lasting else None)
        seeds = self._seeds(seed)
        if lasting is not None and (lasting or not options):
            self.set_options(lasting, begin)
        if seeds is not None:
            before = self.seeds or seeds
            self.seeds = [new if yes else old for new, old, yes in zip(seeds, before, begin, strict=True)]
            self._episodes = [-1 if yes else count for count, yes in zip(self._episodes, begin, strict=True)]
        return begin

    def set_options(self, options: Mapping[str, Any], where: NDArray[np.bool_] | None = None) -> None:
        """Let options be in force from the next episode on, in the mask ``where`` (num_envs,) or everywhere.

        Raises InvalidRecipeError for an unknown one or a value that is none, and what loading a data set raises; those
        before stay in force then.
        """
        options = _mapping(options, self.ALLOWED)
        data = [self._data_set(name) for name in self._one_each(options.get("data"), "data sets")]
        tasks = [_task(task) for task in self._one_each(options.get("task"), "tasks")]
        there = np.ones(self.num_envs, dtype=bool) if where is None else where
        self._data = [new if yes else old for new, old, yes in zip(data, self._data, there, strict=True)]
        self._tasks = [new if yes else old for new, old, yes in zip(tasks, self._tasks, there, strict=True)]

    @property
    def options(self) -> dict[str, Any]:
        """The options in force, as :meth:`set_options` takes them."""
        return {"data": self._data, "task": self._tasks}

    def _seeds(self, seed: int | Sequence[int] | None) -> list[int] | None:
        if seed is None and self.seeds is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        if seed is None:
            return None
        if isinstance(seed, Sequence | np.ndarray) and not isinstance(seed, str):
            self._check_length(seed, "seeds")
            return [whole_number("seed", each, least=0, error=InvalidRecipeError) for each in seed]
        first = whole_number("seed", seed, least=0, error=InvalidRecipeError)
        return [first + i for i in range(self.num_envs)]

    def _begin(self, given: Any) -> NDArray[np.bool_]:
        if given is None:
            return np.ones(self.num_envs, dtype=bool)
        mask = np.asarray(given)
        if mask.ndim != 1 or not np.isin(mask, [False, True]).all():
            raise InvalidRecipeError(
                f"reset_mask = {given!r} given; give one True or False a sub-environment ({self.num_envs})"
            )
        self._check_length(mask, "entries of reset_mask")
        return mask.astype(bool)

    def _data_set(self, given: Any) -> str | DataSet | None:
        """Return a data set that can be played; raises what loading it raises."""
        if given is None or isinstance(given, DataSet):
            return given
        if not isinstance(given, str | os.PathLike):
            raise InvalidRecipeError(
                f"data = {given!r} given; it must be a data set's name or file, a DataSet, or None for any of the"
                " recipe's, or a list of one a sub-environment"
            )
        self.source.data_set(os.fspath(given))
        return os.fspath(given)

    def _one_each(self, given: Any, what: str) -> list[Any]:
        if not isinstance(given, list | tuple) and not (isinstance(given, np.ndarray) and given.ndim):
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

    def copied(self) -> EpisodeDraws:
        """Return a copy, whose draws change nothing here."""
        return self.take(torch.arange(self.num_envs))

    def take(self, episodes: Tensor) -> EpisodeDraws:
        """Return what copies of ``episodes`` (long, repeats allowed) draw from."""
        part, index = copy.copy(self), episodes.tolist()
        part.num_envs = len(index)
        part.seeds = None if self.seeds is None else [self.seeds[i] for i in index]
        for name in ("_episodes", "_data", "_tasks"):
            setattr(part, name, [getattr(self, name)[i] for i in index])
        return part


def _mapping(options: Any, allowed: Sequence[str]) -> dict[str, Any]:
    if not isinstance(options, Mapping):
        raise InvalidRecipeError(
            f'options = {options!r} given; give a dictionary: {{"data": "wine", "task": 7}}, or {{}} to lift them'
        )
    for name in options:
        if name not in allowed:
            raise InvalidRecipeError(unknown("reset option", name, allowed))
    return dict(options)


def _task(given: Any) -> Task | int | None:
    if given is None or isinstance(given, Task):
        return given
    try:
        return whole_number("task", given, least=0, error=InvalidRecipeError)
    except InvalidRecipeError as error:
        raise InvalidRecipeError(
            f"{error}; a task is the number of one, a Task (alrl.data.task.draw_task), or None for the seed's own"
        ) from None
