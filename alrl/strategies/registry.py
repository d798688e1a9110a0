"""Finds querying strategies by name: the modules of this package are the registry."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path

from alrl.errors import InvalidRecipeError
from alrl.recipes import resolve
from alrl.strategies.base import Strategy
from alrl.suggest import unknown

_PACKAGE = "alrl.strategies"


@cache
def _found() -> dict[str, type[Strategy]]:
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)], f"{_PACKAGE}."):
        for value in vars(importlib.import_module(module.name)).values():
            own = isinstance(value, type) and value.__module__ == module.name
            if own and issubclass(value, Strategy) and not inspect.isabstract(value):
                found[value.name] = value
    return dict(sorted(found.items()))


def strategies() -> dict[str, type[Strategy]]:
    """Every rule-based querying strategy that comes with alrl, by name, sorted.

    >>> list(strategies())
    ['core-set', 'entropy', 'information-density', 'least-confidence', 'margin', 'random']
    """
    return dict(_found())


def make_strategy(reference: str | Strategy, **settings: object) -> Strategy:
    """A querying strategy, from a registered name (``_`` is as good as ``-``), ``package.module:Class``, or itself.

    ``settings`` go to its constructor.

    Raises:
        InvalidRecipeError: no such strategy or setting, a class that is no Strategy, or settings for one already made.

    >>> make_strategy("information_density", beta=2.0)
    InformationDensity(beta=2.0)
    """
    if isinstance(reference, Strategy):
        if settings:
            raise InvalidRecipeError(f"settings {_listed(settings)} given for a strategy already made; give its name")
        return reference
    if ":" in reference:
        kind = resolve(reference, {}, base=Strategy)
    else:
        name = reference.replace("_", "-")
        if name not in _found():
            raise InvalidRecipeError(
                f"{unknown('strategy', reference, _found())}. Or name a class: package.module:Class."
            )
        kind = _found()[name]
    return _build(kind, reference, settings)


def _build(kind: type[Strategy], reference: str, settings: dict[str, object]) -> Strategy:
    if inspect.isabstract(kind):
        raise InvalidRecipeError(f'"{reference}" is abstract; name a class that defines score')
    if dataclasses.is_dataclass(kind):
        allowed = [field.name for field in dataclasses.fields(kind) if field.init]
        for setting in settings:
            if setting not in allowed:
                raise InvalidRecipeError(f"{reference}: {unknown('setting', setting, allowed)}")
    try:
        return kind(**settings)
    except TypeError as error:
        allowed_here = inspect.signature(kind)
        raise InvalidRecipeError(f"{reference}: settings {_listed(settings)} given; it takes {allowed_here}") from error


def _listed(settings: dict[str, object]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in settings.items()) or "none"
