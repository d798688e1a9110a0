"""What is played: rules as they are, and again with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any

from torch import Tensor

from alrl.adapters import FromModAL, FromScikitActiveml
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need
from alrl.strategies import Strategy, make_strategy
from alrl.strategies.randomness import fresh

RULES = ("margin", "entropy", "least-confidence", "badge", "core-set", "typiclust", "random")
DATA = ("wine", "breast_cancer", "keel/phoneme", "keel/pima", "keel/sonar", "keel/vehicle")
SPLIT = {"pool": 0.5, "validation": 0.1, "test": 0.4, "max_pool": 300, "max_validation": 50, "max_test": 400}
BASE = "as it is"
OTHER_SEEDS = 10_000
"""Number that is added to a seed for other splits, first samples and chance."""


def _uncertainty(method: str) -> Callable[[], Strategy]:
    def make() -> Strategy:
        sampling = import_module("skactiveml.pool").UncertaintySampling
        return FromScikitActiveml(query_strategy=sampling(method=method))

    return make


def _pool_rule(name: str) -> Callable[[], Strategy]:
    return lambda: FromScikitActiveml(query_strategy=getattr(import_module("skactiveml.pool"), name)())


def _modal(name: str) -> Callable[[], Strategy]:
    return lambda: FromModAL(function=getattr(import_module("modAL.uncertainty"), name))


@dataclass(frozen=True, kw_only=True)
class OtherChance(Strategy):
    """Plays a rule with other dice: the same split and first sample, other ties and draws."""

    name: str = "other-chance"  # type: ignore[misc]
    """Name in tables."""
    rule: Strategy

    @property
    def needs(self) -> frozenset[Need]:
        return self.rule.needs

    @property
    def ordered(self) -> bool:
        return self.rule.ordered

    def score(self, view: PoolView) -> Tensor:
        return self.rule.score(replace(view, noise=fresh(view.noise, OTHER_SEEDS)))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        return self.rule.select(replace(view, noise=fresh(view.noise, OTHER_SEEDS)), count)


def _other_chance(rule: str) -> Strategy:
    return OtherChance(rule=make_strategy(rule))


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One thing changed against the base; settings are those of :func:`alrl.evaluation.simulate.simulate`."""

    name: str
    settings: Mapping[str, Any]
    rules: Mapping[str, Callable[[], Strategy]] | None = None
    """Makers of who plays in place of our rules, by the name of ours; None where ours play."""
    same_pool: bool = True
    """Whether both play on the same splits, so that their picks can be compared."""

    def strategy(self, rule: str) -> Strategy | None:
        """Return who plays ``rule``, None where the other library lacks it."""
        if self.rules is None:
            return make_strategy(rule)
        return self.rules[rule]() if rule in self.rules else None


VARIANTS = (
    Variant(name=BASE, settings={}),
    Variant(name="other chance", settings={}, rules={rule: partial(_other_chance, rule) for rule in RULES}),
    Variant(name="other seeds", settings={}, same_pool=False),
    Variant(name="batch of 1", settings={"batch": 1}),
    Variant(name="random first sample", settings={"first": {"kind": "random", "size": 5}}),
    Variant(name="nearest neighbours", settings={"learner": "nearest-neighbours"}),
    Variant(
        name="scikit-activeml",
        settings={},
        rules={
            "margin": _uncertainty("margin_sampling"),
            "entropy": _uncertainty("entropy"),
            "least-confidence": _uncertainty("least_confident"),
            "badge": _pool_rule("Badge"),
            "core-set": _pool_rule("CoreSet"),
            "typiclust": _pool_rule("TypiClust"),
            "random": _pool_rule("RandomSampling"),
        },
    ),
    Variant(
        name="modAL",
        settings={},
        rules={
            "margin": _modal("margin_sampling"),
            "entropy": _modal("entropy_sampling"),
            "least-confidence": _modal("uncertainty_sampling"),
        },
    ),
)
"""The base first. Other chance and other seeds are the yardsticks: what differs without a change of the method."""
