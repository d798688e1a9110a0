"""Contract of executors, which play cells on this machine, or on an engine that spreads them over others."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from alrl.errors import AlrlError
from alrl.studies.cell import Cell, CellResult

_MOST = 8
"""Processes that are started unasked."""


class ExecutorError(AlrlError):
    """An engine that is not installed, cannot be reached, or does not know a setting.

    To do: install the engine's extra, mend its address, or play with ``--executor loky``.
    """


class Executor(ABC):
    """Plays cells and hands on their outcomes; it writes nothing.

    Args:
        workers: processes; by default one for each core, at most 8. On a running cluster, how many it has counts.
        address: of a cluster that runs already; without one, a small one is started on this machine, and ended.
        folder: for the engine's own files.
        options: further settings of the engine, by its own names.
    """

    name: ClassVar[str]
    extra: ClassVar[str | None] = None
    """What ``pip install alrl[...]`` has to name."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Modules that the extra brings."""
    addressable: ClassVar[bool] = True
    settable: ClassVar[bool] = False
    """Whether it takes ``options``."""

    def __init__(
        self,
        *,
        workers: int | None = None,
        address: str | None = None,
        folder: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.workers = workers if workers is not None else min(_MOST, os.cpu_count() or 1)
        self.address, self.options = address, dict(options or {})
        self.folder = folder if folder is not None else Path.cwd()
        missing = [module for module in self.needs if find_spec(module) is None]
        if missing:
            raise ExecutorError(
                f"executor {self.name!r} needs {missing[0]}, which is not installed: pip install 'alrl[{self.extra}]'"
            )
        if address is not None and not self.addressable:
            raise ExecutorError(f"address {address!r} given; executor {self.name!r} has none: leave it out")
        if self.options and not self.settable:
            raise ExecutorError(f"options {self.options} given; executor {self.name!r} takes none: leave them out")

    @abstractmethod
    def outcomes(self, cells: Sequence[Cell]) -> Iterator[CellResult]:
        """Return the outcome of each cell, in the order in which they are finished; begun in the order given."""


def lost(cell: Cell, reason: str) -> CellResult:
    """Return the outcome of a cell whose worker ended without an answer."""
    return CellResult(spec=cell.spec, curves=None, traceback=reason)
