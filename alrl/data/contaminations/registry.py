"""Finds contaminations by name: the modules of this package are the registry."""

from __future__ import annotations

from alrl.data.contaminations.base import Contamination
from alrl.recipes.registry import Registry

_CONTAMINATIONS: Registry[Contamination] = Registry(
    Contamination,  # type: ignore[type-abstract]
    package="alrl.data.contaminations",
    noun="contamination",
)


def contaminations() -> dict[str, type[Contamination]]:
    """Return everything that can be wrong with a pool, by name, sorted.

    >>> list(contaminations())
    ['duplicates', 'imbalance', 'label-noise', 'missing-classes', 'out-of-domain']
    """
    return dict(_CONTAMINATIONS.classes)


def make_contamination(reference: str | Contamination, **settings: object) -> Contamination:
    """Return one of them, from a registered name, ``package.module:Class``, or itself.

    ``settings`` go to its constructor.

    Raises InvalidRecipeError: no such kind or setting, or settings for one already made.

    >>> make_contamination("duplicates", share=0.2)
    Duplicates(share=0.2, spread=0.0)
    """
    return _CONTAMINATIONS.make(reference, settings)
