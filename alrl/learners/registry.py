"""Finds learners by name: the modules of this package are the registry."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path

from alrl.errors import InvalidRecipeError
from alrl.loop.learner import Learner
from alrl.recipes import resolve
from alrl.suggest import unknown

_PACKAGE = "alrl.learners"


@cache
def _found() -> dict[str, type[Learner]]:
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)], f"{_PACKAGE}."):
        for value in vars(importlib.import_module(module.name)).values():
            own = isinstance(value, type) and value.__module__ == module.name
            if own and issubclass(value, Learner) and not inspect.isabstract(value):
                found[value.name] = value
    return dict(sorted(found.items()))


def learners() -> dict[str, type[Learner]]:
    """Every learner that comes with alrl, by name, sorted.

    >>> list(learners())
    ['scikit-learn', 'softmax-regression']
    """
    return dict(_found())


def make_learner(reference: str | Learner, **settings: object) -> Learner:
    """An unfitted learner, from a registered name (``_`` is as good as ``-``), ``package.module:Class``, or itself.

    ``settings`` go to its constructor.

    Raises:
        InvalidRecipeError: no such learner or setting, a class that is no Learner, or settings for one already made.

    >>> make_learner("softmax_regression", C=0.5)
    SoftmaxRegression(C=0.5)
    """
    if isinstance(reference, Learner):
        if settings:
            raise InvalidRecipeError(f"settings {_listed(settings)} given for a learner already made; give its name")
        return reference
    if ":" in reference:
        kind = resolve(reference, {}, base=Learner)
    else:
        name = reference.replace("_", "-")
        if name not in _found():
            raise InvalidRecipeError(
                f"{unknown('learner', reference, _found())}. Or name a class: package.module:Class."
            )
        kind = _found()[name]
    return _build(kind, reference, settings)


def _build(kind: type[Learner], reference: str, settings: dict[str, object]) -> Learner:
    if inspect.isabstract(kind):
        raise InvalidRecipeError(f'"{reference}" is abstract; name a class that defines fit and predict_proba')
    allowed = inspect.signature(kind).parameters
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in allowed.values()):
        for setting in settings:
            if setting not in allowed:
                raise InvalidRecipeError(f"{reference}: {unknown('setting', setting, allowed)}")
    try:
        return kind(**settings)
    except TypeError as error:
        raise InvalidRecipeError(f"{reference}: settings {_listed(settings)} given: {error}") from error


def _listed(settings: dict[str, object]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in settings.items()) or "none"
