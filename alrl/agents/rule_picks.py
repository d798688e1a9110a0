"""Candidates that several rules name: what a policy over rules chooses from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from alrl.envs.candidates import CandidateSource, make_candidates
from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need
from alrl.strategies import make_strategy, strategies
from alrl.strategies.base import picked


@dataclass(frozen=True, kw_only=True)
class RulePicks(CandidateSource):
    """One candidate a rule: the record that it would query next. Two rules may name the same one.

    Raises InvalidRecipeError for fewer than two rules, one given twice, one that is not registered (a policy file may
    name these, and a file runs no code) and one that learns from round to round.

    >>> from alrl.testing import example_view
    >>> RulePicks(rules=("margin", "random")).draw(example_view(seed=0)).shape
    torch.Size([3, 2])
    """

    rules: tuple[str, ...]
    """Names of registered querying strategies."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        if len(self.rules) < 2 or len(set(self.rules)) < len(self.rules):
            raise InvalidRecipeError(f"rules = {list(self.rules)} given; name at least two strategies, each once")
        foreign = [rule for rule in self.rules if rule not in strategies()]
        if foreign:
            raise InvalidRecipeError(f"rule {foreign[0]!r} given; a policy chooses among registered strategies alone")
        built = tuple(make_strategy(rule) for rule in self.rules)
        learning = [model.name for model in built if model.learns]
        if learning:
            raise InvalidRecipeError(f"rule {learning[0]!r} learns from round to round; name rules that do not")
        object.__setattr__(self, "_built", built)
        object.__setattr__(self, "count", len(self.rules))

    @property
    def needs(self) -> frozenset[Need]:
        """What a view must hold for the rules beyond what every view holds."""
        return frozenset(need for rule in self._built for need in rule.needs)  # type: ignore[attr-defined]

    @property
    def described(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @property
    def summary(self) -> str:
        """Source of the candidates, in words."""
        return f"the records that {', '.join(self.rules)} would query"

    def draw(self, view: PoolView) -> Tensor:
        """Return pool positions of the candidates, (B, S), one a rule; -1 where the pool ran out."""
        return torch.cat([picked(rule, view, 1) for rule in self._built], 1)  # type: ignore[attr-defined]


def chosen_from(table: Mapping[str, Any]) -> CandidateSource:
    """Return what a policy file says that its policy chooses from."""
    if "rules" in table:
        return RulePicks(**table)
    return make_candidates(**{"kind": "mixture", **table})
