"""Source of an environment's episodes: each draws a data set, a split and a first sample from its own seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from alrl.data.contaminations.base import Contamination
from alrl.data.data_set import DataSet
from alrl.data.first_sample import draw_first_sample
from alrl.data.table_recipe import TableRecipe, load_source
from alrl.data.task import Task, draw_task
from alrl.numerics.streams import generator


class TaskSource:
    """Draws tasks from named data sets, which load on first use.

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
    ) -> None:
        self.names = tuple(names)
        self._tables = dict(tables or {})
        self._split, self._first = dict(split or {}), dict(first or {})
        self._contaminations = tuple(contaminations)
        self._loaded: dict[str, DataSet] = {}

    def data_set(self, name: str) -> DataSet:
        """Return one of the data sets."""
        if name not in self._loaded:
            self._loaded[name] = load_source(self._tables.get(name, name))
        return self._loaded[name]

    def draw(self, seed: Sequence[int], name: str | None = None) -> Task:
        """Return the task of the episode with this seed: a function of the seed alone.

        On the data set ``name`` if given.
        """
        if name is None:
            name = self.names[int(generator(seed, "data set").integers(len(self.names)))]
        return draw_task(
            self.data_set(name), seed, split=self._split, first=self._first, contaminations=self._contaminations
        )

    def again(self, task: Task, attempt: int) -> Task:
        """Return the same task with another first sample, a function of the task's seed and of ``attempt``.

        1 or more.
        """
        first = draw_first_sample(task.split, [*task.seed, attempt], **self._first)
        return dataclasses.replace(task, first=first, candidates=self.samples)

    @property
    def samples(self) -> int:
        """First samples that are labelled, of which one is kept."""
        return int(self._first.get("candidates") or 1) if self._first.get("kind") == "promising" else 1
