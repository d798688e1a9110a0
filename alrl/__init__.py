"""Active learning as a Gymnasium environment, with a learned agent as the querying strategy.

Importing alrl registers every environment recipe with Gymnasium; torch and Stable-Baselines3 load on first use.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alrl.envs.registration import register

if TYPE_CHECKING:
    from alrl.agents.policy import Policy
    from alrl.agents.policy_file import load_policy
    from alrl.experiments.simulate import simulate
    from alrl.loop.curves import Curves
    from alrl.loop.data_set import DataSet
    from alrl.loop.sources import load_data_set

__version__ = version("alrl")
__all__ = ["Curves", "DataSet", "Policy", "load_data_set", "load_policy", "simulate"]

_HOMES = {
    "Curves": "alrl.loop.curves",
    "DataSet": "alrl.loop.data_set",
    "Policy": "alrl.agents.policy",
    "load_data_set": "alrl.loop.sources",
    "load_policy": "alrl.agents.policy_file",
    "simulate": "alrl.experiments.simulate",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'alrl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


register()
