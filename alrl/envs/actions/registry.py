"""Finds kinds of actions by name: the modules of this package are the registry."""

from __future__ import annotations

from alrl.envs.actions.contract import Actions, Setting
from alrl.recipes.registry import Registry

_KINDS: Registry[Actions] = Registry(Actions, package="alrl.envs.actions", noun="kind of action")  # type: ignore[type-abstract]


def action_kinds() -> dict[str, type[Actions]]:
    """Return every kind of action that comes with alrl, by name, sorted.

    >>> list(action_kinds())
    ['record', 'rule', 'weights']
    """
    return dict(_KINDS.classes)


def make_actions(kind: str, setting: Setting, **settings: object) -> Actions:
    """Return the actions of a registered name or of ``package.module:Class``.

    ``settings`` are its own keys in the recipe.

    Raises InvalidRecipeError: no such kind, or a setting that it does not take.
    """
    return _KINDS.make(kind, {"setting": setting, **settings})
