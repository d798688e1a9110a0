"""One episode's data: a split of a data set, its first sample, and the seed of its streams of randomness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.loop.data_set import DataSet
from alrl.loop.first_sample import draw_first_sample
from alrl.loop.split import Split, draw_split


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What one episode of active learning is played on."""

    split: Split
    """Pool, validation and test part of a data set."""
    first: NDArray[np.int64]
    """Positions in ``split.pool`` of the records that are labelled at the start."""
    seed: tuple[int, ...]
    """Seed of the episode's streams, from which split and first sample were drawn too."""

    def standardised(self) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
        """Features of all records, float32, centred and scaled by the pool; and the pool's mean and scale.

        A column that is constant in the pool becomes zero.
        """
        pool = self.split.data_set.X[self.split.pool]
        mean, scale = pool.mean(0), pool.std(0)
        usable = scale > 1e-9 * np.maximum(1.0, np.abs(mean))
        inverse = np.where(usable, 1 / np.where(usable, scale, 1.0), 0.0)
        return ((self.split.data_set.X - mean) * inverse).astype(np.float32), mean, scale


def draw_task(
    data_set: DataSet,
    seed: Sequence[int],
    *,
    split: Mapping[str, Any] | None = None,
    first: Mapping[str, Any] | None = None,
) -> Task:
    """Split ``data_set`` and draw its first sample from the streams of ``seed``.

    ``split`` and ``first`` are the settings of :func:`alrl.loop.split.draw_split` and
    :func:`alrl.loop.first_sample.draw_first_sample`.

    >>> from alrl.loop.synthetic import synthetic
    >>> task = draw_task(synthetic("mixed", 0), [7], split={"pool": 0.5})
    >>> len(task.first) == task.split.data_set.n_classes
    True
    """
    parts = draw_split(data_set, seed, **(split or {}))
    return Task(split=parts, first=draw_first_sample(parts, seed, **(first or {})), seed=tuple(seed))
