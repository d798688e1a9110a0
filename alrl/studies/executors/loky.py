"""Processes of this machine, by joblib's loky: the default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import call
from typing import ClassVar

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from alrl.studies.canonical import run_id
from alrl.studies.cell import Cell, CellResult
from alrl.studies.executors.base import Executor, lost

_BREAKS = 3
"""Pools that may break before the cells left are played one by one, to find the one that ends its worker."""
_ALONE = 2
"""Attempts at a cell on its own."""


class Loky(Executor):
    """Worker processes with one thread each; a single worker is this process itself.

    A worker that is killed (by the system, for memory, or by hand) takes its whole pool with it: cells without an
    outcome are then played again. A cell that ends its worker each time is given up with the reason.
    """

    name: ClassVar[str] = "loky"
    addressable: ClassVar[bool] = False

    def outcomes(self, cells: Sequence[Cell]) -> Iterator[CellResult]:
        pending = {run_id(cell.spec): cell for cell in cells}
        for _ in range(_BREAKS):
            try:
                for outcome in _parallel(list(pending.values()), self.workers):
                    del pending[run_id(outcome.spec)]
                    yield outcome
            except BrokenProcessPool:
                continue
            return
        for cell in pending.values():
            yield _alone(cell)


def _parallel(cells: Sequence[Cell], workers: int) -> Iterator[CellResult]:
    # Nothing is memory-mapped: what a killed run would leave of it fills /dev/shm.
    pool = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1, max_nbytes=None)
    yield from pool(joblib.delayed(call)(cell) for cell in cells)


def _alone(cell: Cell) -> CellResult:
    reason = ""
    for _ in range(_ALONE):
        try:
            # Two workers, for one would be this process itself.
            return next(_parallel([cell], 2))
        except BrokenProcessPool as error:
            reason = f"{type(error).__name__}: {error}"
    return lost(cell, f"The worker process ended while it played this cell, {_ALONE} times on its own.\n{reason}")
