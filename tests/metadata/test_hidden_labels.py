"""No feature, candidate or choice knows a label that was not bought, or anything of the validation and test parts."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.data.data_set import DataSet
from alrl.data.split import draw_split
from alrl.data.task import Task
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidQueryError
from alrl.geometry import exact_neighbours, geometry
from alrl.learners import Committee, MultilayerPerceptron, SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.loop.view_fields import Need
from alrl.metadata import DEFAULT_GROUPS, GROUPS, FeatureSet
from alrl.strategies import make_strategy, strategies

LABELS = 5
ALWAYS = {"embedding", "earlier-embedding", "refits"}
LEARNERS = {
    "softmax-regression": (SoftmaxRegression(), ALWAYS),
    "committee": (Committee(members=2), ALWAYS | {"members"}),
    "multilayer-perceptron": (MultilayerPerceptron(hidden=(8,), epochs=6, record=True), ALWAYS | {"epochs"}),
}
"""Learners and what each of them provides."""


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


def features_for(learner):
    """All groups that the learner provides for."""
    _, able = LEARNERS[learner]
    return FeatureSet([name for name, group in GROUPS.items() if group.needs <= able])


def shown(learner, scramble):
    """Everything that the querying side learns of an episode, and what it would choose."""
    task, picks = task_of(scramble)
    model, able = LEARNERS[learner]
    features = features_for(learner)
    simulator = Simulator([task], model, labels=LABELS)
    simulator.provide(able)
    players = [made for made in map(make_strategy, strategies()) if made.needs <= able]
    everyone = torch.arange(simulator.view.exists.shape[1])[None]
    seen = []
    for pick in picks:
        simulator.step(torch.tensor([[int(pick)]]))
        observation = features.observe(simulator.view, everyone)
        chosen = [player.select(simulator.view, 3) for player in players]
        seen += [observation.candidates, observation.loop, CandidateMixture(count=8).draw(simulator.view), *chosen]
    return seen, simulator.outcome("validation").accuracy


@pytest.fixture(scope="module")
def plain():
    return {learner: shown(learner, 0) for learner in LEARNERS}


@pytest.mark.parametrize("learner", LEARNERS)
@settings(max_examples=4)
@given(scramble=st.integers(1, 10_000))
def test_scrambling_what_is_hidden_changes_nothing(plain, learner, scramble):
    given, _ = shown(learner, scramble)
    assert all(a.equal(b) for a, b in zip(given, plain[learner][0], strict=True))


def test_scrambling_changes_nothing_in_a_pool_too_large_for_all_pairs(plain, monkeypatch):
    monkeypatch.setattr(geometry, "EXACT_RECORDS", 30)
    monkeypatch.setattr(exact_neighbours, "_SAMPLE", 25)
    (here, _), (there, _) = shown("softmax-regression", 0), shown("softmax-regression", 77)
    assert all(a.equal(b) for a, b in zip(here, there, strict=True))
    assert not all(a.equal(b) for a, b in zip(here, plain["softmax-regression"][0], strict=True))


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_scramble_reaches_what_it_should(plain, learner):
    assert shown(learner, 1)[1] != plain[learner][1]
    assert not np.array_equal(task_of(0)[0].split.data_set.y, task_of(1)[0].split.data_set.y)


def test_every_group_and_every_strategy_is_scrambled_with_some_learner():
    assert {group.name for learner in LEARNERS for group in features_for(learner).groups} == set(GROUPS)
    assert set.union(*(able for _, able in LEARNERS.values())) == set(get_args(Need))
    for name in strategies():
        assert any(make_strategy(name).needs <= able for _, able in LEARNERS.values()), name


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_bought_label_does_reach_the_features(learner):
    # Else the tests above could not fail: the same records, another answer.
    model, able = LEARNERS[learner]
    task, picks = task_of(0)
    y = task.split.data_set.y.copy()
    y[task.split.pool[picks[0]]] = (y[task.split.pool[picks[0]]] + 1) % 3
    other = dataclasses.replace(task, split=dataclasses.replace(task.split, data_set=_with(task, y)))
    seen = []
    for each in (task, other):
        simulator = Simulator([each], model, labels=LABELS)
        simulator.provide(able)
        simulator.step(torch.tensor([[int(picks[0])]]))
        everyone = torch.arange(simulator.view.exists.shape[1])[None]
        for name, group in GROUPS.items():
            if group.needs <= able:
                seen.append((name, group.compute(simulator.view, everyone)))
    for (name, here), (_, there) in zip(seen[: len(seen) // 2], seen[len(seen) // 2 :], strict=True):
        # Embeddings of softmax regression and of committees of it are the features, which no label changes.
        unmoved = name == "activation" and learner != "multilayer-perceptron"
        # Costs, the place in a batch, and circumstances where every class has a label already, depend on no label.
        assert here.equal(there) == unmoved or name in {"cost", "pace", "circumstances"}, name


def _with(task, y):
    return DataSet.from_arrays(task.split.data_set.X, y)


@pytest.mark.parametrize("learner", LEARNERS)
def test_what_a_group_needs_is_asked_for(learner):
    simulator = Simulator([task_of(0)[0]], LEARNERS[learner][0], labels=LABELS)
    index = torch.zeros(1, 1, dtype=torch.long)
    for name, group in GROUPS.items():
        if group.needs:
            with pytest.raises(InvalidQueryError, match=f'the feature group "{name}" needs .*simulator.provide'):
                group.compute(simulator.view, index)
        else:
            group.compute(simulator.view, index)
    assert not FeatureSet(DEFAULT_GROUPS).needs
