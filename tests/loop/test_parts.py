"""Padding is zero, marked, and makes room without touching what is there."""

from __future__ import annotations

import numpy as np
import torch

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.loop.parts import Part, Parts, largest

CPU = torch.device("cpu")


def test_a_shorter_task_leaves_no_trace_of_a_longer_one():
    part = Part.empty(2, 4, 3, CPU)
    part.write(0, np.ones((4, 3), dtype=np.float32), np.array([1, 1, 1, 1]))
    part.write(0, np.full((2, 1), 5.0, dtype=np.float32), np.array([2, 0]))
    assert part.features[0].tolist() == [[5.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0] * 3, [0.0] * 3]
    assert part.labels[0].tolist() == [2, 0, 0, 0]
    assert part.exists.tolist() == [[True, True, False, False], [False] * 4]


def test_growing_keeps_what_is_there_and_never_shrinks():
    part = Part.empty(1, 2, 2, CPU)
    part.write(0, np.array([[1, 2], [3, 4]], dtype=np.float32), np.array([1, 0]))
    grown = part.grown(3, 1)
    assert grown.features.tolist() == [[[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]]]
    assert grown.labels.tolist() == [[1, 0, 0]]
    assert grown.exists.tolist() == [[True, True, False]]


def test_the_largest_of_each_size_counts():
    tasks = [draw_task(load_data_set(name), [0]) for name in ("iris", "wine", "digits")]
    sizes = largest(tasks)
    assert (sizes["features"], sizes["classes"]) == (64, 10)
    assert sizes["pool"] == max(len(task.split.pool) for task in tasks)
    assert sizes["test"] == max(len(task.split.test) for task in tasks)
    assert sizes["validation"] == max(len(task.split.validation) for task in tasks)


def test_records_taken_from_parts_that_hold_them_are_those_that_would_be_written():
    tasks = [draw_task(load_data_set(name), [0]) for name in ("wine", "iris", "wine")]
    written, taken = Parts(tasks, CPU), Parts(tasks, CPU)
    for parts in (written, taken):
        parts.begin(torch.arange(3), [tasks[1], tasks[0], tasks[1]])
    written.begin(torch.tensor([2, 0]), [tasks[2], tasks[0]])
    taken.begin(torch.tensor([2, 0]), [tasks[2], tasks[0]], like=written)
    for name in ("pool", "validation", "test"):
        for field in ("features", "by_column", "labels", "exists"):
            assert getattr(taken[name], field).equal(getattr(written[name], field)), (name, field)
        assert taken[name].by_column.transpose(1, 2).is_contiguous()
    assert taken.class_mask.equal(written.class_mask)
    assert taken.feature_count.equal(written.feature_count)
