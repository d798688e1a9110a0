"""Keep names that have moved, until version 0.3."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module


def moved_names(room: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return a module's ``__getattr__`` that finds names in their new ``homes`` (module by name), with a warning.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     moved_names("alrl.loop", {"DataSet": "alrl.data"})("DataSet").__name__, str(caught[0].message)
    ('DataSet', 'alrl.loop.DataSet is alrl.data.DataSet; the old name ends with alrl 0.3')
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        new = f"{homes[name]}.{name}"
        message = f"{room}.{name} is {new}; the old name ends with alrl 0.3"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(import_module(homes[name]), name)

    return get
