"""Executors of cells, one engine a file: ``alrl run --executor``."""

from __future__ import annotations

from alrl.recipes.registry import Registry
from alrl.studies.executors.base import Executor, ExecutorError

__all__ = ["Executor", "ExecutorError", "executors", "make_executor"]

EXECUTORS: Registry[Executor] = Registry(Executor, package="alrl.studies.executors", noun="executor")  # type: ignore[type-abstract]
"""The engines, by name: a file in this package with a subclass is registered."""
executors, make_executor = EXECUTORS.all, EXECUTORS.make
