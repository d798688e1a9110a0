"""A list of rules with their settings, as a recipe or a caller writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alrl.errors import InvalidRecipeError
from alrl.strategies.base import Strategy, refuse_learning
from alrl.strategies.registry import make_strategy

Rule = Strategy | str | Mapping[str, Any]
"""A strategy, its name, or a table of its name under ``strategy`` and its settings."""


def make_rules(rules: Sequence[Rule], *, where: str) -> tuple[Strategy, ...]:
    """The strategies of a list such as ``["margin", {strategy = "information-density", beta = 2.0}]``.

    Args:
        rules: what to choose among; none of them learns from loop to loop.
        where: what asks for them, named in errors.

    Raises InvalidRecipeError for an empty list, an unknown rule or setting, a table without ``strategy``, a rule given
    twice, or one that learns.

    >>> make_rules(["margin", {"strategy": "information-density", "beta": 2.0}], where="ucb")
    (Margin(), InformationDensity(beta=2.0))
    """
    if isinstance(rules, str) or not len(rules):
        raise InvalidRecipeError(f'{where}: rules = {rules!r} given; give a list, say ["margin", "core-set", "random"]')
    made = tuple(_made(rule, where) for rule in rules)
    for place, rule in enumerate(made):
        refuse_learning(rule, f"a list of rules ({where})")
        if rule in made[:place]:
            raise InvalidRecipeError(f"{where}: the rule {rule!r} is given twice; give each once")
    return made


def _made(rule: Rule, where: str) -> Strategy:
    if not isinstance(rule, Mapping):
        return make_strategy(rule)
    settings = dict(rule)
    name = settings.pop("strategy", None)
    if not isinstance(name, str | Strategy):
        raise InvalidRecipeError(
            f"{where}: the rule {dict(rule)} names no strategy; write it as"
            ' { strategy = "information-density", beta = 2.0 }'
        )
    return make_strategy(name, **settings)
