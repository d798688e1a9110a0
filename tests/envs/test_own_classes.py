"""Rewards, features and candidates of one's own that break their promise are named as they are played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch

from alrl.envs.candidates import CandidateSource
from alrl.envs.env import ActiveLearningEnv
from alrl.envs.rewards import Reward
from alrl.errors import ContractError, InvalidRecipeError
from alrl.metadata import Feature, FeatureSet
from alrl.metadata.feature import FeatureGroup
from alrl.numerics.ranking import best


class Unknown(Reward):
    name = "unknown"

    def paid(self, before, after):
        return torch.full_like(after.score, torch.nan)


class Column(Reward):
    name = "column"

    def paid(self, before, after):
        return (after.score - before.score)[:, None]


class Mean(Reward):
    name = "mean"

    def paid(self, before, after):
        return float((after.score - before.score).mean())


class Final(Reward):
    name = "final"

    def paid(self, before, after):
        return after.score - before.score

    def settled(self, last):
        return torch.full_like(last.score, torch.inf)


class Left(FeatureGroup):
    name, scope = "left", "loop"
    features: ClassVar = (Feature(name="left", low=0, high=1, meaning="Share of the budget that is left."),)

    def compute(self, view, index):
        return (1 - view.spent / view.budget)[:, None]


class Beyond(Left):
    def compute(self, view, index):
        return 3 + super().compute(view, index)


class Undefined(Left):
    def compute(self, view, index):
        return torch.nan * super().compute(view, index)


class Flat(Left):
    def compute(self, view, index):
        return super().compute(view, index)[:, 0]


class Twice(Left):
    def compute(self, view, index):
        return super().compute(view, index).expand(-1, 2)


class Array(Left):
    def compute(self, view, index):
        return super().compute(view, index).numpy()


class Text(Left):
    features = ("left",)


class OneArgument(Reward):
    name = "one-argument"

    def paid(self, after):
        return after.score


class OneView(Left):
    def compute(self, view):
        return super().compute(view, None)


@dataclass(frozen=True, kw_only=True)
class Uncounted(CandidateSource):
    k: int = 8

    def draw(self, view):
        return best(-view.margin, view.available, view.noise, self.k)


class Misspelt(Left):
    scope = "records"


class Nowhere(FeatureGroup):
    name = "nowhere"
    features = Left.features

    def compute(self, view, index):
        return Left().compute(view, index)


@dataclass(frozen=True, kw_only=True)
class Few(CandidateSource):
    count: int = 8

    def draw(self, view):
        return best(-view.margin, view.available, view.noise, 3)


def played(recipe):
    env = ActiveLearningEnv(recipe)
    _, info = env.reset(seed=0)
    over = False
    while not over:
        _, _, over, _, info = env.step(int(info["action_mask"].argmax()))


@pytest.mark.parametrize("against", ["nothing", "margin"])
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Unknown", r"Unknown: paid gives finite numbers; it gave \[nan\]; try it with alrl.testing.check_reward"),
        ("Column", r"Column: paid gives a number an episode, \(1,\); it gave a tensor \(1, 1\)"),
        ("Mean", r"Mean: paid gives a number an episode, \(1,\); it gave -?0\."),
        ("Final", r"Final: settled gives finite numbers; it gave \[inf\]"),
    ],
)
def test_a_reward_that_pays_no_number_an_episode(recipe, kind, message, against):
    with pytest.raises(ContractError, match=message):
        played(recipe(reward={"kind": f"{__name__}:{kind}", "against": against}))


def with_features(recipe, kind):
    return recipe(observation={"features": ["confidence", "loop", f"{__name__}:{kind}"]})


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Beyond", r"Beyond: the feature 'left' of the loop is 4; it lies from 0 to 1: Share of .*check_feature"),
        ("Undefined", "Undefined: the feature 'left' of the loop is nan; it lies from 0 to 1"),
        ("Flat", r"Flat: compute gives a float tensor \(1, 1\); it gave a tensor \(1,\) of torch.float32"),
        ("Twice", r"Twice: compute gives a float tensor \(1, 1\); it gave a tensor \(1, 2\)"),
        ("Array", r"Array: compute gives a float tensor \(1, 1\); it gave array"),
    ],
)
def test_a_feature_of_another_shape_or_outside_its_bounds(recipe, kind, message):
    with pytest.raises(ContractError, match=message):
        played(with_features(recipe, kind))


def test_a_feature_that_keeps_its_promise_is_played(recipe):
    played(with_features(recipe, "Left"))


@pytest.mark.parametrize(
    ("kind", "given"),
    [("Misspelt", "scope = 'records'"), ("Nowhere", "no scope"), ("Text", r"scope = 'loop', features = \('left',\)")],
)
def test_a_feature_group_says_what_it_describes(kind, given):
    with pytest.raises(InvalidRecipeError, match=rf'{kind}" has {given}.*scope = "record" or "loop"'):
        FeatureSet(["confidence", "loop", f"{__name__}:{kind}"])


def test_fewer_candidates_than_said(recipe):
    with pytest.raises(
        ContractError, match=r"Few: draw gives positions \(1, 8\), long.*it gave \(1, 3\) of torch.int64"
    ):
        played(recipe(action={"candidates": {"kind": f"{__name__}:Few"}}))


class Clamps(Left):
    def compute(self, view, index):
        view.probabilities.clamp_(0.1, 0.5)
        return super().compute(view, index)


class ClampsWhatIsComputed(Left):
    def compute(self, view, index):
        view.impurity.clamp_(0.1, 0.5)
        return super().compute(view, index)


class Forgets(Left):
    def compute(self, view, index):
        view.trajectory.flips.zero_()
        return super().compute(view, index)


class Weighed(Left):
    weight = torch.nn.Parameter(torch.ones(()))

    def compute(self, view, index):
        return super().compute(view, index) * self.weight


class WeighedGain(Reward):
    name = "weighed-gain"
    weight = torch.nn.Parameter(torch.ones(()))

    def paid(self, before, after):
        return (after.score - before.score) * self.weight


@dataclass(frozen=True, kw_only=True)
class Marks(CandidateSource):
    count: int = 8

    def draw(self, view):
        chosen = best(-view.margin, view.available, view.noise, self.count)
        view.noise.zero_()
        return chosen


@pytest.mark.parametrize(
    ("kind", "changed"),
    [("Clamps", "probabilities"), ("ClampsWhatIsComputed", "impurity"), ("Forgets", "trajectory.flips")],
)
def test_a_feature_that_writes_to_the_view(recipe, kind, changed):
    message = rf"{kind}: it leaves the view untouched; it wrote to {changed}; try it with alrl.testing.check_feature"
    with pytest.raises(ContractError, match=message):
        played(with_features(recipe, kind))


def test_candidates_that_write_to_the_view(recipe):
    with pytest.raises(ContractError, match=r"Marks: it leaves the view untouched; it wrote to noise; .*candidates"):
        played(recipe(action={"candidates": {"kind": f"{__name__}:Marks"}}))


def test_features_and_rewards_that_hold_gradients_play_as_those_that_do_not(recipe):
    env, plain = (
        ActiveLearningEnv(recipe(observation={"features": ["confidence", "loop", f"{__name__}:{kind}"]}, reward=reward))
        for kind, reward in (("Weighed", {"kind": f"{__name__}:WeighedGain"}), ("Left", {"kind": "gain"}))
    )
    seen, expected = env.reset(seed=0)[0], plain.reset(seed=0)[0]
    assert seen["loop"].tolist() == expected["loop"].tolist()
    assert env.step(0)[1] == plain.step(0)[1]


def test_a_method_that_takes_other_arguments(recipe):
    with pytest.raises(
        ContractError, match=r"OneArgument: it cannot be called .* 2 positional arguments but 3 .*reward"
    ):
        played(recipe(reward={"kind": f"{__name__}:OneArgument"}))
    with pytest.raises(ContractError, match=r"OneView: it cannot be called .* 2 positional arguments but 3 .*feature"):
        played(with_features(recipe, "OneView"))


def test_candidates_without_a_count(recipe):
    with pytest.raises(
        InvalidRecipeError, match="Uncounted has count = None; a source of candidates has a field count"
    ):
        played(recipe(action={"candidates": {"kind": f"{__name__}:Uncounted"}}))
