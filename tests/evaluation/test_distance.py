"""How far a data set lies from the training tasks: nearly nothing for these, far for what they never were."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from alrl.agents.guard.guard import Guard
from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.agents.policy import Policy
from alrl.agents.policy_file import save_policy
from alrl.agents.training.visited_states import watch
from alrl.cli import app
from alrl.data.data_set import DataSet
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.evaluation.distance import distance
from alrl.evaluation.simulate import DEFAULT_SPLIT
from alrl.learners import make_learner
from alrl.loop.simulator import Simulator
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import make_strategy


@pytest.fixture(scope="module")
def of_wine() -> Policy:
    """An untrained policy whose ranges are those of loops on wine, with a guard."""
    policy = Policy.untrained(
        FeatureSet(DEFAULT_GROUPS), CandidateMixture(count=8, margin=1.0, random=0.0), name="wine's"
    )
    tasks = [draw_task(load_data_set("wine"), [seed], split=DEFAULT_SPLIT) for seed in range(100, 120)]
    simulator = Simulator(tasks, make_learner("softmax-regression"), labels=12)
    _, seen = watch(simulator, make_strategy("margin"), policy, labels=12)
    ranges = TrainingRanges.of(seen)
    guard = Guard.of(ranges, seen, quantile=0.99)
    return dataclasses.replace(policy, guard=guard, card=ranges.to_card(policy.features))


def strange() -> DataSet:
    """Two hundred columns of noise and five classes by chance."""
    rng = np.random.default_rng(0)
    return dataclasses.replace(load_data_set((rng.normal(size=(150, 200)), np.arange(150) % 5)), name="noise")


def test_training_data_are_near_and_noise_is_far(of_wine: Policy) -> None:
    result = distance(of_wine, ["wine", strange()], labels=12, seeds=4)
    near, far = result.data_sets
    assert (near.data_set, near.verdict, near.states) == ("wine", "near", 48)
    assert near.distance < 0.03
    assert near.guarded < 0.15
    assert (far.data_set, far.verdict) == ("noise", "far")
    assert far.distance > 0.2
    assert far.guarded > 0.95
    loop = next(group for group in far.groups if group.group == "loop")
    assert loop.features["class-count"] == loop.features["labelled-per-feature"] == 1.0
    assert "class-count 100 %" in loop.most or loop.most.count("100 %") == 3
    assert [group.group for group in far.groups] == list(DEFAULT_GROUPS)


def test_the_distance_is_the_share_over_all_features(of_wine: Policy) -> None:
    (far,) = distance(of_wine, [strange()], labels=3, seeds=2).data_sets
    shares = [share for group in far.groups for share in group.features.values()]
    assert len(shares) == len(of_wine.features.record) + len(of_wine.features.loop)
    assert far.distance == pytest.approx(sum(shares) / len(shares), abs=1e-5)


def test_the_command_tells_people_and_machines(of_wine: Policy, tmp_path) -> None:
    folder = str(save_policy(of_wine, tmp_path / "policy"))
    given = CliRunner().invoke(app, ["distance", folder, "wine", "iris", "--labels", "4", "--seeds", "2"])
    assert given.exit_code == 0, given.output
    assert "wine, near: " in given.output
    assert "most unusual features" in given.output
    given = CliRunner().invoke(app, ["distance", folder, "wine", "--labels", "4", "--seeds", "2", "--json"])
    result = json.loads(given.stdout)["found"]
    assert [(each["data_set"], each["verdict"], each["states"]) for each in result] == [("wine", "near", 8)]


def test_what_cannot_be_told_is_said(of_wine: Policy) -> None:
    with pytest.raises(InvalidRecipeError, match="0 data sets and 5 seeds given"):
        distance(of_wine, [])
    for wrong in ("wine", None):
        with pytest.raises(InvalidRecipeError, match="give a list of data sets, such as"):
            distance(of_wine, wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidRecipeError, match="seeds = 'a' given; it must be a whole number"):
        distance(of_wine, ["wine"], seeds="a")  # type: ignore[arg-type]
    with pytest.raises(PolicyFileError, match="says nothing of its features in training; train it again"):
        distance(dataclasses.replace(of_wine, card={}), ["wine"])
