"""The hand-over: tried on validation data sets, kept where it gains for sure, and final once it is reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from alrl.agents.guard.guard import Guard
from alrl.agents.guard.hand_over import GROWING, HandOver, points
from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.agents.policy import Policy
from alrl.agents.recipe import GuardRecipe
from alrl.agents.training.fit_guard import Trial, best_of, guarded, try_points
from alrl.agents.training.visited_states import watch
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import PolicyFileError
from alrl.evaluation.simulate import DEFAULT_SPLIT, simulate
from alrl.learners import make_learner
from alrl.loop.simulator import Simulator
from alrl.metadata.feature_set import Observation
from alrl.strategies import Strategy

LABELS = 12


@pytest.fixture(scope="module")
def seen() -> list[Observation]:
    """What a policy sees of margin's loops on wine."""
    from alrl.envs.candidates import CandidateMixture
    from alrl.metadata import DEFAULT_GROUPS, FeatureSet
    from alrl.strategies import make_strategy

    policy = Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(count=32), width=16)
    tasks = [draw_task(load_data_set("wine"), [seed], split=DEFAULT_SPLIT) for seed in range(4)]
    simulator = Simulator(tasks, make_learner("softmax-regression"), labels=LABELS)
    return watch(simulator, make_strategy("margin"), policy, labels=LABELS)[1]


def column(policy: Policy, name: str) -> int:
    return [feature.name for feature in policy.features.loop].index(name)


def never(seen: Sequence[Observation]) -> Guard:
    """A guard that fires nowhere by distance."""
    return Guard(ranges=TrainingRanges.of(seen), limit=1.0, quantile=0.99)


def test_once_it_is_reached_margin_chooses_to_the_end(wild: Policy, seen: list[Observation]) -> None:
    # Three labels at first and four more: 7 / (7 + 50) is reached, 8 / 58 is beyond.
    late = HandOver(feature="labelled-count", column=column(wild, "labelled-count"), above=7 / 57 + 1e-6)
    policy = dataclasses.replace(wild, guard=dataclasses.replace(never(seen), hand_over=late))
    ours = simulate("wine", policy, labels=LABELS, seeds=3)
    alone = simulate("wine", wild, labels=LABELS, seeds=3)
    assert ours.guarded.tolist() == [[0] * 5 + [1] * 7] * 3
    assert ours.picks[:, :5].tolist() == alone.picks[:, :5].tolist()
    assert ours.picks[:, 5:].tolist() != alone.picks[:, 5:].tolist()
    assert ours.guarded_share == pytest.approx([7 / 12] * 3)


def test_points_are_of_features_that_only_grow(wild: Policy, seen: list[Observation]) -> None:
    result = list(points(wild.features, seen))
    assert [point.feature for point in result] == [name for name in GROWING for _ in range(4)]
    for name in GROWING:
        path = torch.stack([each.loop[:, column(wild, name)] for each in seen])
        assert (path.diff(dim=0) > 0).all()
        tried = [point.above for point in result if point.feature == name]
        assert tried == sorted(set(tried))
        assert path.min() <= tried[0] < tried[-1] < path.max()


def task(name: str) -> Any:
    """As much of a task as is looked at."""
    return SimpleNamespace(split=SimpleNamespace(data_set=SimpleNamespace(name=name)))


TASKS = [task("a"), task("a"), task("a"), task("b"), task("c")]


def areas_that_like(feature: str, gains: Sequence[float]) -> Any:
    """Areas of 0.5, and by ``gains`` (B,) more for a hand-over by ``feature``."""

    def areas(strategy: Strategy, tasks: Sequence[Any]) -> Tensor:
        assert isinstance(strategy, Policy)
        assert len(tasks) == len(TASKS)
        late = strategy.guard.hand_over if strategy.guard is not None else None
        liked = late is not None and late.feature == feature
        return torch.full((len(tasks),), 0.5) + torch.tensor(gains) * liked

    return areas


def test_what_gains_for_sure_is_kept_and_every_trial_told(wild: Policy, seen: list[Observation]) -> None:
    wanted = GuardRecipe(hand_over=True)
    sure = areas_that_like("labelled-per-class", [0.00, 0.03, 0.03, 0.021, 0.019])
    policy = guarded(wild, seen, wanted, TASKS, sure)
    assert policy.guard.hand_over.feature == "labelled-per-class"
    assert len(policy.card["hand_over"]) == 12
    given = [each for each in policy.card["hand_over"] if each["feature"] == "labelled-per-class"]
    # Each data set counts once, however many tasks are on it.
    assert [each["gain"] for each in given] == pytest.approx([0.02] * 4, abs=1e-6)
    assert [each["error"] for each in given] == pytest.approx([0.001 / 3**0.5] * 4, abs=1e-6)
    unsure = areas_that_like("labelled-per-class", [0.09, 0.09, 0.09, -0.01, -0.02])
    assert guarded(wild, seen, wanted, TASKS, unsure).guard.hand_over is None
    assert guarded(wild, seen, GuardRecipe(), TASKS, sure).guard.hand_over is None
    assert "hand_over" not in guarded(wild, seen, GuardRecipe(), TASKS, sure).card
    assert guarded(wild, seen, None, TASKS, sure).guard is None
    assert guarded(wild, seen, None, TASKS, sure).card["feature_ranges"]["states"] == 4 * LABELS


def test_one_data_set_cannot_judge(wild: Policy, seen: list[Observation]) -> None:
    guard = never(seen)
    policy = dataclasses.replace(wild, guard=guard)
    assert try_points(policy, guard, seen, [TASKS[0]] * 5, areas_that_like("labelled-count", [1.0] * 5)) == []
    assert best_of([]) is None


def test_the_best_is_kept_if_it_is_more_than_two_standard_errors() -> None:
    def trial(above: float, gain: float, error: float) -> Trial:
        return Trial(hand_over=HandOver(feature="labelled-count", column=0, above=above), gain=gain, error=error)

    trials = [trial(0.1, 0.01, 0.001), trial(0.2, 0.02, 0.009), trial(0.3, -0.1, 0.001)]
    assert best_of(trials).above == 0.2
    assert best_of([*trials, trial(0.4, 0.03, 0.02)]) is None


@pytest.mark.parametrize(
    "given",
    [
        {"feature": "budget-spent", "above": 0.5},
        {"feature": ["labelled-count"], "above": 0.5},
        {"feature": "labelled-count", "above": 1.5},
        {"feature": "labelled-count", "above": float("nan")},
        {"feature": "labelled-count", "above": "late"},
    ],
)
def test_what_is_no_hand_over_is_refused(given: dict[str, Any], wild: Policy) -> None:
    with pytest.raises(PolicyFileError, match="allowed are labelled-count, labelled-per-feature"):
        HandOver.from_json(given, wild.features)


def test_it_is_written_and_read(wild: Policy, seen: list[Observation], tmp_path: Any) -> None:
    from alrl.agents.policy_file import load_policy, save_policy

    late = HandOver(feature="labelled-per-class", column=column(wild, "labelled-per-class"), above=0.25)
    plain = dataclasses.replace(wild, guard=never(seen))
    policy = dataclasses.replace(wild, guard=dataclasses.replace(never(seen), hand_over=late))
    loaded = load_policy(save_policy(policy, tmp_path))
    assert loaded.guard.hand_over == late
    assert loaded.fingerprint == policy.fingerprint
    assert loaded.fingerprint not in {wild.fingerprint, plain.fingerprint}
    assert loaded.guard.summary.endswith("and once labelled-per-class is above 0.25")
