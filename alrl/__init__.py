"""Active learning as a Gymnasium environment, with a learned agent as the querying strategy.

Importing alrl registers every environment recipe with Gymnasium; torch and Stable-Baselines3 load on first use.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alrl.envs.registration import register

if TYPE_CHECKING:
    from alrl.agents.large_pool_loop import LargePoolLoop
    from alrl.agents.large_pool_run import run_large_pool
    from alrl.agents.policy import Policy
    from alrl.agents.policy_file import load_policy
    from alrl.experiments.simulate import simulate
    from alrl.loop.cost import Prices
    from alrl.loop.curves import Curves
    from alrl.loop.data_set import DataSet
    from alrl.loop.large_pool import LargePool
    from alrl.loop.parquet_file import npy_from_parquet
    from alrl.loop.sources import load_data_set
    from alrl.projects.answers import IRRELEVANT
    from alrl.projects.project import Project

__version__ = version("alrl")
__all__ = [
    "IRRELEVANT",
    "Curves",
    "DataSet",
    "LargePool",
    "LargePoolLoop",
    "Policy",
    "Prices",
    "Project",
    "load_data_set",
    "load_policy",
    "npy_from_parquet",
    "run_large_pool",
    "simulate",
]

_HOMES = {
    "IRRELEVANT": "alrl.projects.answers",
    "Curves": "alrl.loop.curves",
    "DataSet": "alrl.loop.data_set",
    "LargePool": "alrl.loop.large_pool",
    "LargePoolLoop": "alrl.agents.large_pool_loop",
    "Policy": "alrl.agents.policy",
    "Prices": "alrl.loop.cost",
    "Project": "alrl.projects.project",
    "load_data_set": "alrl.loop.sources",
    "load_policy": "alrl.agents.policy_file",
    "npy_from_parquet": "alrl.loop.parquet_file",
    "run_large_pool": "alrl.agents.large_pool_run",
    "simulate": "alrl.experiments.simulate",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'alrl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


register()
