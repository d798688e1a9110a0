"""Which tasks are played in one simulator: those of like size, so that they pad each other little."""

from __future__ import annotations

from collections.abc import Sequence

from alrl.loop.task import Task

TOGETHER = 24
"""Episodes in one simulator."""


def by_size(tasks: Sequence[Task]) -> list[Task]:
    """The tasks in an order in which neighbours pad each other little."""
    return sorted(tasks, key=lambda task: (task.split.data_set.n_features * task.split.data_set.n_classes, task.seed))


def chunks(tasks: Sequence[Task]) -> list[Sequence[Task]]:
    """The tasks in their order, as many together as one simulator plays.

    >>> from alrl.loop.synthetic import synthetic
    >>> from alrl.loop.task import draw_task
    >>> task = draw_task(synthetic("tiny", 0), [0])
    >>> [len(each) for each in chunks([task] * 50)]
    [24, 24, 2]
    """
    return [tasks[start : start + TOGETHER] for start in range(0, len(tasks), TOGETHER)]
