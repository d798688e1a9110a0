"""Base of strategies that wrap another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from alrl.loop.view_fields import Need
from alrl.strategies.base import Strategy, make_strategy, refuse_learning


@dataclass(frozen=True, kw_only=True)
class Wrapper(Strategy):
    """A strategy that changes how another one's scores are used; it needs what that one needs.

    Raises InvalidRecipeError for a ``base`` that is unknown, learns from round to round or does not take the
    ``settings``.
    """

    base: Strategy | str = "margin"
    """The strategy that is wrapped, or its registered name, or ``package.module:Class``."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the strategy named."""

    def __post_init__(self) -> None:
        refuse_learning(self.inner, f"a wrapper such as {self.name}")

    @cached_property
    def inner(self) -> Strategy:
        """The strategy that is wrapped."""
        return make_strategy(self.base, **self.settings)

    @property
    def needs(self) -> frozenset[Need]:
        return self.inner.needs
