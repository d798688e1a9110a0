"""Protocols of studies, one a file: what a cell plays; a study names one under ``protocol``."""

from __future__ import annotations

from importlib.util import find_spec

from alrl.errors import InvalidRecipeError
from alrl.recipes.registry import Registry
from alrl.studies.protocols.base import Protocol

__all__ = ["Protocol", "make_protocol", "protocol_class", "protocols"]

_IN_A_CHECKOUT = {"lu2023": "experiments.lu2023.protocol:Lu2023"}
"""Protocols of replications: their code lies beside their results, not in the wheel."""

PROTOCOLS: Registry[Protocol] = Registry(Protocol, package="alrl.studies.protocols", noun="protocol")  # type: ignore[type-abstract]
"""The protocols, by name: a file in this package with a subclass is registered."""
protocols = PROTOCOLS.all


def make_protocol(name: str) -> Protocol:
    """Return the protocol of that name, or of ``package.module:Class``.

    Raises:
        InvalidRecipeError: there is none, or it is a replication's and this is no checkout of alrl.
    """
    if name not in _IN_A_CHECKOUT:
        return PROTOCOLS.make(name)
    if find_spec("experiments") is None or find_spec(_IN_A_CHECKOUT[name].partition(":")[0]) is None:
        raise InvalidRecipeError(
            f"protocol {name!r} replays a published benchmark by code that lies in alrl's repository, beside its"
            " results, not in the installed package: clone the repository, run `make install` there, and run it again"
        )
    return PROTOCOLS.make(_IN_A_CHECKOUT[name])


def protocol_class(name: str) -> str:
    """Return the class of a replication's protocol as ``package.module:Class``, any other name as it is."""
    return _IN_A_CHECKOUT.get(name, name)
