"""Executors of cells, one engine a file: ``alrl run --executor``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alrl.recipes.registry import Registry
from alrl.studies.executors.base import Executor, ExecutorError

__all__ = ["Executor", "ExecutorError", "executors", "make_executor"]

_REGISTRY: Registry[Executor] = Registry(Executor, package="alrl.studies.executors", noun="executor")  # type: ignore[type-abstract]


def executors() -> dict[str, type[Executor]]:
    """Return every engine, by name.

    >>> sorted(executors())
    ['dask', 'loky', 'ray', 'slurm']
    """
    return dict(_REGISTRY.classes)


def make_executor(
    name: str,
    *,
    workers: int | None = None,
    address: str | None = None,
    folder: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Executor:
    """Return the engine of that name, or of ``package.module:Class``; arguments are those of :class:`Executor`.

    Raises InvalidRecipeError if there is none, ExecutorError if it is not installed or does not take a setting.
    """
    settings: dict[str, object] = {"workers": workers, "address": address, "folder": folder, "options": options}
    return _REGISTRY.make(name, settings)
