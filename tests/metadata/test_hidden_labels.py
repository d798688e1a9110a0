"""No feature, candidate or choice knows a label that was not bought, or anything of the validation and test parts."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.envs.candidates import CandidateMixture
from alrl.learners import Committee
from alrl.loop.data_set import DataSet
from alrl.loop.provided import Need
from alrl.loop.simulator import Simulator
from alrl.loop.split import draw_split
from alrl.loop.task import Task
from alrl.metadata import GROUPS, FeatureSet
from alrl.strategies import make_strategy, strategies

EVERYTHING = FeatureSet(list(GROUPS))
LABELS = 5


def task_of(scramble):
    """A task and the positions to query; ``scramble`` makes up all other labels, the validation and the test part."""
    random = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = random.normal(size=(90, 4)) + y[:, None]
    data = DataSet.from_arrays(X, y)
    split = draw_split(data, [1])
    first = np.array([int(np.flatnonzero(y[split.pool] == label)[0]) for label in range(3)])
    picks = np.setdiff1d(np.arange(len(split.pool)), first)[:LABELS]
    bought = split.pool[[*first, *picks]]
    other = np.random.default_rng(scramble)
    hidden = np.setdiff1d(np.arange(90), bought)
    X, y = X.copy(), y.copy()
    y[hidden] = other.integers(3, size=len(hidden))
    outside = np.concatenate([split.validation, split.test])
    X[outside] = other.normal(size=(len(outside), 4)) * 9
    changed = dataclasses.replace(split, data_set=DataSet.from_arrays(X, y))
    return Task(split=changed, first=first, seed=(1,)), picks


def told(scramble):
    """Everything that the querying side learns of an episode, and what it would choose."""
    task, picks = task_of(scramble)
    simulator = Simulator([task], Committee(members=2), labels=LABELS)
    simulator.provide(get_args(Need))
    everyone = torch.arange(simulator.view.exists.shape[1])[None]
    seen = []
    for pick in picks:
        simulator.step(torch.tensor([[int(pick)]]))
        observation = EVERYTHING.observe(simulator.view, everyone)
        chosen = [make_strategy(name).select(simulator.view, 3) for name in strategies()]
        seen += [observation.candidates, observation.loop, CandidateMixture(count=8).draw(simulator.view), *chosen]
    return seen, simulator.outcome("validation").accuracy


@pytest.fixture(scope="module")
def plain():
    return told(0)


@settings(max_examples=5)
@given(scramble=st.integers(1, 10_000))
def test_scrambling_what_is_hidden_changes_nothing(plain, scramble):
    given, _ = told(scramble)
    assert all(a.equal(b) for a, b in zip(given, plain[0], strict=True))


def test_the_scramble_reaches_what_it_should(plain):
    assert told(1)[1] != plain[1]
    assert not np.array_equal(task_of(0)[0].split.data_set.y, task_of(1)[0].split.data_set.y)
