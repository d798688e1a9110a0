"""A cell that kills its own worker: in a module by itself, which a worker can import."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from alrl.studies.cell import Cell, CellResult


@dataclass(frozen=True, kw_only=True, eq=False)
class Deadly(Cell):
    """Ends its worker, until the files in ``marks`` say that it did so ``times`` times."""

    marks: Path
    times: int

    def __call__(self) -> CellResult:
        """Kill, or play."""
        if len(list(self.marks.iterdir())) < self.times:
            (self.marks / f"{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__()
