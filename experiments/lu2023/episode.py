"""One episode of the benchmark: one record queried at a time, the learner refitted, until the pool is empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alrl.data.data_set import DataSet
from alrl.evaluation.curves import Curves
from experiments.lu2023.committee import LuCommittee
from experiments.lu2023.kernel_machine import KernelMachine, rbf
from experiments.lu2023.queries import Compatible, Known, LuCoreSet, LuQuery, NotCompatible, Uniform
from experiments.lu2023.split import FIRST, LuTask

Floats = NDArray[np.float64]

QUERIES: dict[str, type[LuQuery]] = {
    each.name: each for each in (Uniform, Compatible, NotCompatible, LuCommittee, LuCoreSet)
}
"""The strategies that are played, by the names that the benchmark's tables give them."""
LEARNER = 'SVC (kernel = "rbf", C = 1, gamma = "auto")'


@dataclass(frozen=True, kw_only=True)
class LuEpisode:
    """Queries of an episode and the learner's accuracy: after the first labels, and after each query."""

    accuracy: Floats
    """On the test part, (queries + 1,)."""
    balanced_accuracy: Floats
    """Mean recall of the classes that the test part holds, (queries + 1,)."""
    picks: NDArray[np.int64]
    """Rows of the data set, (queries,), in order."""


def published_aubc(accuracy: ArrayLike) -> Floats:
    """Return the benchmark's area under the budget curve, over the last axis (queries + 1 points).

    The accuracy before the first query is left out, while the area is still divided by the number of queries: smaller
    than :func:`alrl.evaluation.curves.aubc` by about one query's share.

    >>> float(published_aubc([0.5, 0.7, 0.8, 0.9]).round(4))
    0.5333
    """
    values = np.asarray(accuracy, dtype=np.float64)
    return np.asarray(np.trapezoid(values[..., 1:], axis=-1) / (values.shape[-1] - 1))


def play(task: LuTask, query: type[LuQuery]) -> LuEpisode:
    """Play one episode to the end of its pool; both classes must be among its first labels."""
    size = len(task.X)
    machine = KernelMachine(rbf(task.X, task.X_test), C=1.0)
    querying = query(task.X, machine)
    is_labelled = np.zeros(size, dtype=bool)
    is_labelled[:FIRST] = True
    picks: list[int] = []
    right: list[tuple[float, float]] = []
    while True:
        # Ascending places: libsvm's result depends on the order of its records, within its tolerance.
        labelled = np.flatnonzero(is_labelled)
        y = task.y[labelled]
        decision = machine.decision(labelled, y)
        right.append(_score(decision[size:], task.y_test))
        if len(labelled) == size:
            break
        place = querying.pick(Known(labelled=labelled, y=y, decision=decision[:size]))
        is_labelled[place] = True
        picks.append(place)
    accuracy, balanced = np.array(right).T
    return LuEpisode(accuracy=accuracy, balanced_accuracy=balanced, picks=task.rows[picks])


def _score(decision: Floats, y: NDArray[np.int64]) -> tuple[float, float]:
    """Return accuracy and balanced accuracy."""
    hit = (decision > 0) == (y == 1)
    recalls = [hit[y == k].mean() for k in (0, 1) if (y == k).any()]
    return float(hit.mean()), float(np.mean(recalls))


def play_seeds(data: DataSet, strategy: str, seeds: Sequence[int]) -> Curves:
    """Return curves of a strategy over seeds, none of which misses a class in its first labels."""
    episodes = [play(LuTask.draw(data, seed), QUERIES[strategy]) for seed in seeds]
    return Curves(
        data_set=data.name,
        strategy=strategy,
        learner=LEARNER,
        batch=1,
        seeds=tuple(seeds),
        accuracy=np.stack([each.accuracy for each in episodes]),
        balanced_accuracy=np.stack([each.balanced_accuracy for each in episodes]),
        picks=np.stack([each.picks for each in episodes]),
        first=np.full(len(seeds), FIRST),
    )
