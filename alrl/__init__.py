"""Active learning as a Gymnasium environment, with a learned agent as the querying strategy.

Importing alrl registers every environment recipe with Gymnasium; torch and Stable-Baselines3 load on first use.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alrl.envs.registration import register

if TYPE_CHECKING:
    from alrl.agents.model_strategy import strategy_of
    from alrl.agents.policy import Policy
    from alrl.agents.policy_file import load_policy
    from alrl.agents.query_probabilities import query
    from alrl.data.data_set import DataSet
    from alrl.data.parquet_file import npy_from_parquet
    from alrl.data.sources import load_data_set
    from alrl.evaluation.curves import Curves
    from alrl.evaluation.simulate import simulate
    from alrl.large_pool.loop import LargePoolLoop
    from alrl.large_pool.pool import LargePool
    from alrl.large_pool.run import run_large_pool
    from alrl.loop.cost import Prices
    from alrl.projects.answers import IRRELEVANT
    from alrl.projects.project import Project
    from alrl.studies.export import read_run

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
    "query",
    "read_run",
    "run_large_pool",
    "simulate",
    "strategy_of",
]

_HOMES = {
    "Curves": "alrl.evaluation.curves",
    "DataSet": "alrl.data.data_set",
    "LargePool": "alrl.large_pool.pool",
    "LargePoolLoop": "alrl.large_pool.loop",
    "Policy": "alrl.agents.policy",
    "load_data_set": "alrl.data.sources",
    "IRRELEVANT": "alrl.projects.answers",
    "Prices": "alrl.loop.cost",
    "Project": "alrl.projects.project",
    "load_policy": "alrl.agents.policy_file",
    "npy_from_parquet": "alrl.data.parquet_file",
    "run_large_pool": "alrl.large_pool.run",
    "simulate": "alrl.evaluation.simulate",
    "read_run": "alrl.studies.export",
    "query": "alrl.agents.query_probabilities",
    "strategy_of": "alrl.agents.model_strategy",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'alrl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


register()
