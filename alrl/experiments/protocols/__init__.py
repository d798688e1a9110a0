"""How agents are compared, one protocol a file: a study names one under ``protocol``."""

from __future__ import annotations

from alrl.experiments.protocols.base import Protocol
from alrl.registry import Registry

__all__ = ["DEFAULT", "Protocol", "make_protocol", "protocols"]

DEFAULT = "paired"
_REGISTRY: Registry[Protocol] = Registry(Protocol, package="alrl.experiments.protocols", noun="protocol")  # type: ignore[type-abstract]


def protocols() -> dict[str, type[Protocol]]:
    """Every protocol, by name.

    >>> "paired" in protocols()
    True
    """
    return dict(_REGISTRY.classes)


def make_protocol(name: str) -> Protocol:
    """The protocol of that name, or of ``package.module:Class``.

    Raises InvalidRecipeError if there is none.
    """
    return _REGISTRY.make(name, {})
