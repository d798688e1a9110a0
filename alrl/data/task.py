"""One episode's data: a split of a data set, its first sample, and the seed of its streams of randomness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.contaminations.base import Contamination, contaminate
from alrl.data.data_set import DataSet
from alrl.data.first_sample import draw_first_sample
from alrl.data.split import Split, draw_split
from alrl.data.standardisation import Standardisation
from alrl.numerics.arguments import settings_table

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Data, split and first sample that one episode of active learning is played on."""

    split: Split
    """Pool, validation and test part of a data set."""
    first: NDArray[np.int64]
    """Positions in ``split.pool`` of the records that are labelled at the start."""
    candidates: int = 1
    """First samples of equal size that ``first`` holds one after another; the simulator keeps one of them."""
    seed: tuple[int, ...]
    """Seed of the episode's streams, from which split and first sample were drawn too."""

    def standardised(self) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
        """Return features of all records, float32, centred and scaled by the pool; and the pool's mean and scale.

        A column that is constant in the pool becomes zero.
        """
        standard = Standardisation.of_table(self.split.data_set.X[self.split.pool])
        return standard.apply(self.split.data_set.X), standard.mean, standard.scale


def draw_task(
    data_set: DataSet,
    seed: Sequence[int],
    *,
    split: Mapping[str, Any] | None = None,
    first: Mapping[str, Any] | None = None,
    contaminations: Sequence[Contamination] = (),
) -> Task:
    """Split ``data_set``, contaminate its pool and draw its first sample from the streams of ``seed``.

    ``split`` and ``first`` are the settings of :func:`alrl.data.split.draw_split` and
    :func:`alrl.data.first_sample.draw_first_sample`.

    >>> from alrl.data.synthetic import synthetic
    >>> task = draw_task(synthetic("mixed", 0), [7], split={"pool": 0.5})
    >>> len(task.first) == task.split.data_set.n_classes
    True
    """
    settings = settings_table("first", first or {}, such_as={"kind": "random", "size": 10})
    parts = contaminate(draw_split(data_set, seed, **(split or {})), seed, contaminations)
    several = settings.get("candidates") if settings.get("kind") == "promising" else None
    return Task(
        split=parts, first=draw_first_sample(parts, seed, **settings), candidates=several or 1, seed=tuple(seed)
    )


def rows_of(tasks: Sequence[Task], picks: Tensor) -> Tensor:
    """Return row numbers in each task's data set of pool positions ``picks`` (B, b), on the processor; -1 stays -1."""
    import torch

    table = torch.full((len(tasks), max(len(task.split.pool) for task in tasks)), -1, dtype=torch.long)
    for episode, task in enumerate(tasks):
        table[episode, : len(task.split.pool)] = torch.from_numpy(task.split.pool)
    return torch.where(picks.cpu() >= 0, table.gather(1, picks.cpu().clamp_min(0)), -1)


def wasted(tasks: Sequence[Task], picks: Tensor) -> NDArray[np.int8] | None:
    """Return what each of the records at pool positions ``picks`` (B, T) was when it was bought, (B, T).

    Codes of :data:`alrl.data.pool_truth.KINDS`, -1 where none was bought; None unless every pool is a contaminated one.
    """
    if any(task.split.truth is None for task in tasks):
        return None
    rows = zip(tasks, picks.cpu().numpy(), strict=True)
    return np.stack([task.split.truth.wasted(row, task.first) for task, row in rows if task.split.truth is not None])
