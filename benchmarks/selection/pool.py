"""The pool that strategies are timed on: clustered records, a hundred of them labelled over several rounds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.task import draw_task
from alrl.learners import make_learner
from alrl.loop.learner import Learner
from alrl.loop.simulator import Simulator
from alrl.loop.view_fields import Need
from alrl.strategies.random_sampling import RandomSampling
from benchmarks.large_pool import write_pool

FEATURES, CLASSES, MEMBERS = 64, 10, 5
LOOPS, BATCH = 3, 30
"""Loops of random queries before the choice that is timed: strategies that look back have something to see."""
_REST = 200


def begun(records: int, needs: Iterable[Need] = ()) -> Simulator:
    """Return one episode on a pool of ``records`` records: one label a class and three rounds of thirty random queries.

    The learner is softmax regression; a committee of five where members are needed, a multilayer perceptron that keeps
    its epochs where epochs are.
    """
    task = draw_task(_data_set(records), [0], split=_split(records))
    simulator = Simulator([task], _learner(frozenset(needs)), labels=1000)
    for _ in range(LOOPS):
        simulator.step(RandomSampling().select(simulator.view, BATCH))
    simulator.provide(needs)
    return simulator


def _learner(needs: frozenset[str]) -> Learner:
    if "members" in needs:
        return make_learner("committee", members=MEMBERS)
    return (
        make_learner("multilayer-perceptron", record=True) if "epochs" in needs else make_learner("softmax-regression")
    )


def _split(records: int) -> dict[str, float]:
    whole = records + _REST
    return {"pool": records / whole, "validation": _REST / 2 / whole, "test": _REST / 2 / whole}


@cache
def _data_set(records: int) -> DataSet:
    with tempfile.TemporaryDirectory() as folder:
        X, y = write_pool(Path(folder), records=records + _REST, features=FEATURES, classes=CLASSES)
        return DataSet.from_arrays(np.array(np.load(X)), np.array(np.load(y)), name=f"clusters-{records}")
