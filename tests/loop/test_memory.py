"""A long simulation does not grow the process."""

from __future__ import annotations

import gc
from itertools import cycle
from pathlib import Path

import pytest
import torch

from alrl.data.synthetic import synthetic
from alrl.data.task import draw_task
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy

EPISODES, LOOPS_AN_EPISODE, LOOPS = 4, 50, 1000
STATUS = Path("/proc/self/statm")
MEBIBYTE = 2**20


def tensors() -> tuple[int, int]:
    """Number of the process's tensors, and the bytes that they hold."""
    # The exact type alone: asking other objects what they are may run code of theirs.
    result = [each for each in gc.get_objects() if type(each) is torch.Tensor]
    storages = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in result}
    return len(result), sum(storages.values())


def objects() -> int:
    """Number of objects that Python's collector keeps track of."""
    gc.collect()
    return len(gc.get_objects())


def resident() -> int:
    """Bytes of memory that the process holds."""
    return int(STATUS.read_text().split()[1]) * 4096


class Played:
    """A simulator whose episodes begin anew when their budget is spent, on the same few tasks in turn."""

    def __init__(self) -> None:
        data_set = synthetic("tiny", 0)
        tasks = [draw_task(data_set, [seed], split={"pool": 0.5}) for seed in range(2 * EPISODES)]
        self.turns = cycle((tasks[EPISODES:], tasks[:EPISODES]))
        self.budget = min(LOOPS_AN_EPISODE, *(len(task.split.pool) - len(task.first) for task in tasks))
        self.simulator = Simulator(tasks[:EPISODES], SoftmaxRegression(), labels=self.budget)
        self.strategy, self.played = make_strategy("margin"), 0

    def loops(self, count: int) -> None:
        for _ in range(count):
            self.simulator.step(self.strategy.select(self.simulator.view))
            self.simulator.outcome("test")
            self.played += 1
            if self.played % self.budget == 0:
                self.simulator.restart(range(EPISODES), next(self.turns))


@pytest.fixture
def one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_torch_thread")
def test_a_thousand_loops_do_not_grow_the_process():
    played = Played()
    # Both sets of tasks, each to the end: by then every table is as wide as it becomes.
    played.loops(4 * played.budget)
    # The same place in an episode before and after.
    more = -(-LOOPS // (2 * played.budget)) * 2 * played.budget
    alive, kept, before = objects(), tensors(), resident() if STATUS.exists() else 0
    played.loops(more)
    assert more >= LOOPS
    # Other tests of the process leave a few behind; a leak is one a loop at least.
    assert objects() - alive < LOOPS / 2
    assert tensors() == kept
    assert (resident() if STATUS.exists() else 0) - before < 8 * MEBIBYTE
