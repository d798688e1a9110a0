"""The keys of a table whose meaning depends on its ``kind``: those of every kind and those of the kind named."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

from alrl.errors import InvalidRecipeError
from alrl.suggest import unknown


def check_keys(given: Collection[str], common: Collection[str], kind: str, kinds: Mapping[str, type[Any]]) -> None:
    """Check that each of the ``given`` keys is an argument of the registered ``kind``.

    One that is not registered is left to who builds it. Raises InvalidRecipeError that names the nearest of the keys
    that the kind takes, the ``common`` ones among them.
    """
    name = kind.replace("_", "-")
    if name not in kinds:
        return
    own = [key for key in inspect.signature(kinds[name]).parameters if key != "setting"]
    for key in given:
        if key not in own:
            raise InvalidRecipeError(f"kind {name}: {unknown('key', key, [*common, *own])}")
