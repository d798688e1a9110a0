"""Finds annotators by name: the modules of this package are the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alrl.errors import InvalidRecipeError
from alrl.loop.annotators.base import Annotator
from alrl.recipes.registry import Registry

_ANNOTATORS: Registry[Annotator] = Registry(Annotator, package="alrl.loop.annotators", noun="annotator")  # type: ignore[type-abstract]


def annotators() -> dict[str, type[Annotator]]:
    """Return every annotator that comes with alrl, by name, sorted.

    >>> list(annotators())
    ['abstaining', 'boundary', 'confused', 'delayed', 'noisy', 'perfect', 'several']
    """
    return dict(_ANNOTATORS.classes)


def make_annotator(reference: str | Annotator, **settings: object) -> Annotator:
    """Return an annotator, from a registered name, ``package.module:Class``, or itself.

    ``settings`` go to its constructor.

    Raises InvalidRecipeError: no such annotator or setting, or settings for one already made.

    >>> make_annotator("noisy", rate=0.2)
    NoisyAnnotator(rate=0.2)
    """
    return _ANNOTATORS.make(reference, settings)


def annotator_of(table: Mapping[str, Any] | Annotator) -> Annotator:
    """Return an annotator from a table with ``kind`` and settings, or itself.

    Raises InvalidRecipeError as :func:`make_annotator`, and for a table without ``kind``.

    >>> annotator_of({"kind": "delayed", "most": 3, "annotator": {"kind": "noisy", "rate": 0.1}})
    DelayedAnnotator(least=1, most=3, annotator=NoisyAnnotator(rate=0.1))
    """
    if isinstance(table, Annotator):
        return table
    settings = dict(table)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str):
        raise InvalidRecipeError(f"annotator {dict(table)} given; name its kind, one of {', '.join(annotators())}")
    return make_annotator(kind, **settings)
