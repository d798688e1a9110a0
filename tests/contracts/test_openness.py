"""Everything registered keeps the contracts that users run over classes of their own."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import pytest
import torch

from alrl.agents.networks.set_scorer import SetScorer
from alrl.agents.policy_file import load_policy, shipped_policies
from alrl.agents.rule_picks import RulePicks
from alrl.agents.training.algorithm import Algorithm, improved
from alrl.envs.candidates import CandidateMixture, CandidateSource
from alrl.envs.rewards import Reward, make_reward, reward_kinds
from alrl.errors import ContractError, InvalidRecipeError
from alrl.evaluation.simulate import simulate
from alrl.learners import SoftmaxRegression
from alrl.loop.annotators.base import Annotator
from alrl.metadata import GROUPS, Feature, FeatureSet
from alrl.metadata.feature import FeatureGroup
from alrl.numerics.ranking import best
from alrl.strategies import Strategy
from alrl.strategies.uncertainty_sampling import Margin
from alrl.testing import (
    check_algorithm,
    check_annotator,
    check_candidates,
    check_feature,
    check_learner,
    check_network,
    check_policy,
    check_reward,
    check_strategy,
)


def test_what_has_no_name_goes_by_that_of_its_class():
    class Far(Strategy):
        def score(self, view):
            return view.margin

    class Bit(FeatureGroup):
        scope = "record"
        features = (Feature(name="bit", low=0, high=1, meaning="One."),)

        def compute(self, view, index):
            return torch.ones(*index.shape, 1)

    assert (Far.name, Bit.name, Margin.name) == ("Far", "Bit", "margin")
    assert simulate("iris", Far(), labels=4, seeds=2).strategy == "Far"
    check_feature(Bit())


@pytest.mark.parametrize("name", GROUPS)
def test_features(name):
    check_feature(GROUPS[name])


@pytest.mark.parametrize("kind", reward_kinds())
def test_rewards(kind):
    check_reward(make_reward(kind))


@pytest.mark.parametrize(
    "source",
    [
        CandidateMixture(count=5),
        CandidateMixture(count=6, margin=0.5, random=0.0, herding=0.5),
        CandidateMixture(count=6, margin=0.34, random=0.33, clusters=0.33),
    ],
)
def test_candidates(source):
    check_candidates(source)


def set_scorer(features, generator=None):
    sizes = {"record": len(features.record), "loop": len(features.loop), "margin_column": features.margin_column}
    return SetScorer(**sizes, width=8, generator=generator)


def test_networks():
    check_network(set_scorer)


@pytest.mark.parametrize("name", shipped_policies())
def test_policies(name):
    check_policy(load_policy(name))
    rules = dataclasses.replace(load_policy(name), mixture=RulePicks(rules=("margin", "entropy")), guard=None)
    assert rules.mixture.count == 2


class Loud(FeatureGroup):
    """Larger than it says."""

    name, scope = "loud", "record"
    features: ClassVar = (Feature(name="loud", low=0, high=1, meaning="Twice."),)

    def compute(self, view, index):
        return torch.full((*index.shape, 1), 2.0)


class Companion(Loud):
    """Depends on the other episodes."""

    def compute(self, view, index):
        return view.margin.gather(1, index)[..., None] * view.margin.max() / 2


@dataclass(frozen=True, kw_only=True)
class First(CandidateSource):
    """Labelled or not."""

    count: int = 2

    def draw(self, view):
        return torch.arange(2).expand(len(view.exists), 2)


@dataclass(frozen=True, kw_only=True)
class Shared(Reward):
    """Pays all episodes the mean."""

    name: ClassVar[str] = "shared"

    def paid(self, before, after):
        return (after.score - before.score).mean().expand(after.score.shape).float()


class Whole(Algorithm):
    """Keeps the contract: every weight is a little larger."""

    def improve(self, network, environment, *, steps, seed, progress):
        environment.reset(seed=seed)
        for weight in network.parameters():
            weight.data *= 1.01
        progress(steps, None)
        return network


class Forgetful(Whole):
    def improve(self, network, environment, *, steps, seed, progress):
        super().improve(network, environment, steps=steps, seed=seed, progress=progress)


class Deaf(Algorithm):
    def improve(self, network, environment, steps, seed):
        return network


class Silent(Algorithm):
    def improve(self, network, environment, *, steps, seed, progress):
        return network


class Divergent(Whole):
    def improve(self, network, environment, *, steps, seed, progress):
        for weight in network.parameters():
            weight.data *= torch.nan
        return super().improve(network, environment, steps=steps, seed=seed, progress=progress)


class Lucky(Whole):
    """Draws from the global stream."""

    def improve(self, network, environment, *, steps, seed, progress):
        network.head[0].weight.data += torch.rand(1)
        return super().improve(network, environment, steps=steps, seed=seed, progress=progress)


def test_an_algorithm():
    check_algorithm(Whole())


def deep(features, generator=None):
    made = set_scorer(features, generator)
    made.forward = lambda candidates, loop, mask: mask[..., None].float()
    return made


class Column(Reward):
    name: ClassVar[str] = "column"

    def paid(self, before, after):
        return (after.score - before.score)[:, None]


class Double(Reward):
    name: ClassVar[str] = "double"

    def paid(self, before, after):
        return (after.score - before.score).double()


class Array(Loud):
    def compute(self, view, index):
        return super().compute(view, index).numpy()


class Thawed(CandidateSource):
    count = 4

    def draw(self, view):
        return torch.arange(4).expand(len(view.exists), 4)


_SEEDS = itertools.count()


def stubborn(features, generator=None):
    made = set_scorer(features, generator)
    made.forward = lambda candidates, loop, mask: -candidates[..., 0]
    return made


def restless(features, generator=None):
    """Draws its weights from no generator that it is given."""
    return set_scorer(features, torch.Generator().manual_seed(next(_SEEDS)))


class Gradient(Loud):
    """Holds gradients, which is no fault."""

    weight = torch.nn.Parameter(torch.ones(()))

    def compute(self, view, index):
        return view.margin.gather(1, index)[..., None] * self.weight


class Text(Loud):
    features = ("loud",)


class Peeks(Loud):
    def compute(self, view, index):
        return view.truth.gather(1, index)[..., None]


class Scribbles(Loud):
    def compute(self, view, index):
        return view.probabilities.zero_().sum(2).gather(1, index)[..., None]


class Confident(Gradient):
    name = "confidence"


class Marginal(Gradient):
    features: ClassVar = (Feature(name="margin", low=0, high=1, meaning="Taken."),)


@dataclass(frozen=True, kw_only=True)
class Topk(CandidateSource):
    count: int = 20

    def draw(self, view):
        return view.normalised_entropy.topk(self.count, 1).indices


@dataclass(kw_only=True)
class Melted(CandidateSource):
    count: int = 4

    def draw(self, view):
        return best(view.noise, view.available, view.noise, self.count)


@dataclass(frozen=True, kw_only=True)
class Uncounted(CandidateSource):
    k: int = 4

    def draw(self, view):
        return best(view.noise, view.available, view.noise, self.k)


@dataclass(frozen=True, kw_only=True)
class Listed(First):
    def draw(self, view):
        return super().draw(view).tolist()


class Spends(Reward):
    def paid(self, before, after):
        return after.spent - before.spent


class OneArgument(Reward):
    def paid(self, after):
        return after.score


class Tested(Reward):
    def paid(self, before, after):
        return after.test_score


class Weighed(Reward):
    weight = torch.nn.Parameter(torch.ones(()))

    def paid(self, before, after):
        return (after.score - before.score) * self.weight


class Words(Whole):
    def improve(self, network, environment, *, steps, seed, progress):
        progress("a", "b")
        return super().improve(network, environment, steps=steps, seed=seed, progress=progress)


class Halts(Whole):
    def improve(self, network, environment, *, steps, seed, progress):
        return network.no_such_part


class Tensors(Whole):
    def improve(self, network, environment, *, steps, seed, progress):
        progress(torch.tensor(5), torch.tensor(0.5))
        return super().improve(network, environment, steps=steps, seed=seed, progress=progress)


class Shapeless(Strategy):
    name = "shapeless"

    def score(self, view):
        return view.no_such_field


class Untaught(SoftmaxRegression):
    name = "untaught"

    def fit(self, X, y, weight, class_mask):
        return self.no_such_part


class Mute(Annotator):
    name = "mute"

    def answer(self, query):
        return query.no_such_part


def test_progress_is_told_plain_numbers():
    network, told = set_scorer(FeatureSet(["confidence", "loop"])), []
    given = {"steps": 8, "seed": 0, "progress": lambda *numbers: told.append(numbers)}
    improved(Tensors(), network, SimpleNamespace(reset=lambda seed: None), **given)
    assert told == [(5, 0.5), (8, None)]
    assert [type(number) for number in told[0]] == [int, float]


@pytest.mark.parametrize(
    ("check", "sound"),
    [(check_feature, Gradient()), (check_reward, Weighed()), (check_algorithm, Tensors())],
)
def test_what_keeps_its_promise_in_an_unusual_way_passes(check, sound):
    check(sound)


@pytest.mark.parametrize(
    ("check", "broken", "message"),
    [
        (check_feature, Loud(), "loud lies from 0 to 1; it was from 2 to 2"),
        (check_feature, Companion(), "an episode alone is described as among others"),
        (check_candidates, First(), "candidates are distinct and available"),
        (check_reward, Shared(), "pays an episode by its own standing alone"),
        (check_feature, Array(), r"compute gives a float tensor \(3, \d+, 1\); it gave array"),
        (check_candidates, Thawed(), "Thawed: it is a frozen dataclass; write @dataclass"),
        (check_reward, Column(), r"Column: paid gives a number an episode, \(5,\); it gave a tensor \(5, 1\)"),
        (check_reward, Double(), "Double: paid gives float32 numbers; it gave torch.float64; end it with"),
        (check_network, deep, r"here \(3, 5\), float32; it gave \(3, 5, 1\) of torch.float32"),
        (check_algorithm, Forgetful(), "Forgetful: improve returns the network that it trained; it returned None"),
        (check_algorithm, Deaf(), r"Deaf: improve takes \(network, environment, \*, steps, seed, progress\); yours"),
        (check_algorithm, Silent(), r"Silent: progress is told the queries played so far; it was told \[\]"),
        (check_algorithm, Divergent(), "Divergent: weights are finite after improve; .* is not"),
        (check_algorithm, Lucky(), "Lucky: chance is drawn from the seed alone"),
        (check_reward, Shared, r"the class Shared given; give an object of it: Shared\(\)"),
        (check_feature, "Loud", "'Loud' given; give an object of a class derived from FeatureGroup"),
        (check_candidates, First, r"give an object of it: First\(\)"),
        (check_algorithm, Whole, r"give an object of it: Whole\(\)"),
        (check_policy, Margin, r"give an object of it: Margin\(\)"),
        (check_network, "package:Class", "'package:Class' given; give the class, or a function"),
        (check_network, stubborn, "minus infinity outside"),
        (check_feature, Text(), r"Text: .*features = \('loud',\); a feature group has .* a tuple of Feature"),
        (check_feature, Peeks(), 'Peeks, on the view "ordinary": compute raised AttributeError: .*truth'),
        (check_feature, Scribbles(), "Scribbles: it leaves the view untouched; it wrote to probabilities"),
        (check_feature, Confident(), "Confident: names are its own; the group 'confidence' comes with alrl: rename"),
        (check_feature, Marginal(), "Marginal: names are its own; the feature 'margin' comes with alrl: rename"),
        (check_candidates, Topk(), 'Topk, on the view "ordinary": draw raised RuntimeError: .*out of range'),
        (check_candidates, Melted(), "Melted: it is a frozen dataclass; write @dataclass"),
        (check_candidates, Uncounted(), "Uncounted: .*count = None; a source of candidates has a field count"),
        (check_candidates, Listed(), r"draw gives positions \(3, 2\), long; it gave \[\[0, 1\]"),
        (check_reward, Spends(), "Spends: paid gives float32 numbers; it gave torch.int64; end it with .float"),
        (check_reward, OneArgument(), "OneArgument: it cannot be called .*takes 2 positional arguments but 3"),
        (check_reward, Tested(), "Tested: paid raised AttributeError: .*test_score"),
        (check_algorithm, Words(), r"Words: progress takes the queries played .*; it was told \('a', 'b'\)"),
        (check_algorithm, Halts(), "Halts: improve raised AttributeError: .*no_such_part"),
        (check_strategy, Shapeless(), "Shapeless: score raised AttributeError: .*no_such_field"),
        (check_learner, Untaught(), 'Untaught, on the episodes "ordinary": fit raised AttributeError: .*no_such_part'),
        (check_annotator, Mute(), "Mute: answer raised AttributeError: .*no_such_part"),
        (check_network, restless, "the same weights"),
    ],
)
def test_what_breaks_a_contract_is_named(check, broken, message):
    with pytest.raises(ContractError, match=message):
        check(broken)


def test_features_of_one_name_are_refused():
    with pytest.raises(InvalidRecipeError, match="two of the groups"):
        FeatureSet(["confidence", "loop", f"{__name__}:Again"])


class Again(Loud):
    """Takes a name that there is."""

    features: ClassVar = (Feature(name="margin", low=0, high=1, meaning="Taken."),)
