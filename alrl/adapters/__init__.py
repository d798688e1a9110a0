"""Strategies and policies in other libraries' loops, and theirs in ours: modAL, scikit-activeml, small-text.

Each library is imported when its adapter is first asked for; it is no dependency of alrl
(``pip install "alrl[peers]"`` installs all three).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from alrl.errors import MissingPackageError

if TYPE_CHECKING:
    from alrl.adapters.from_modal import FromModAL
    from alrl.adapters.from_scikit_activeml import FromScikitActiveml
    from alrl.adapters.from_small_text import FromSmallText
    from alrl.adapters.to_modal import ToModAL
    from alrl.adapters.to_scikit_activeml import ToScikitActiveml
    from alrl.adapters.to_small_text import ToSmallText

__all__ = ["FromModAL", "FromScikitActiveml", "FromSmallText", "ToModAL", "ToScikitActiveml", "ToSmallText"]

_HOMES = {
    "FromModAL": ("from_modal", "modAL-python"),
    "FromScikitActiveml": ("from_scikit_activeml", "scikit-activeml"),
    "FromSmallText": ("from_small_text", "small-text"),
    "ToModAL": ("to_modal", "modAL-python"),
    "ToScikitActiveml": ("to_scikit_activeml", "scikit-activeml"),
    "ToSmallText": ("to_small_text", "small-text"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'alrl.adapters' has no attribute {name!r}")
    module, package = _HOMES[name]
    try:
        return getattr(import_module(f"alrl.adapters.{module}"), name)
    except ImportError as error:
        raise MissingPackageError(
            f'{name} needs {package}, which cannot be imported ({error}); pip install "{package}", or "alrl[peers]" for'
            " all that alrl.adapters goes to and from"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
