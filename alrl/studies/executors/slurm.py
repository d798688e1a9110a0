"""A Slurm cluster, by submitit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from alrl.studies.cell import Cell, CellResult
from alrl.studies.executors.base import Executor, ExecutorError, lost

_POLL = 0.2
_SHARE = 4
"""Jobs for each worker: fewer would leave workers idle at the end, more would spend their time starting."""
_MINUTES = 240


class Slurm(Executor):
    """Groups of cells as Slurm jobs, ``workers`` of them at a time; address ``local`` runs them as processes here.

    ``options`` are those of submitit's executor, such as ``slurm_partition`` and ``timeout_min``; its files and logs
    go to the folder ``slurm`` of the run.
    """

    name: ClassVar[str] = "slurm"
    extra: ClassVar[str | None] = "slurm"
    needs: ClassVar[tuple[str, ...]] = ("submitit",)
    settable: ClassVar[bool] = True

    def outcomes(self, cells: Sequence[Cell]) -> Iterator[CellResult]:
        executor = self._executor()
        waiting = _groups(cells, _SHARE * self.workers)
        running: list[tuple[Any, list[Cell]]] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    group = waiting.pop(0)
                    running.append((executor.submit(play_all, group), group))
                ended = [job for job in running if job[0].done()]
                for job in ended:
                    running.remove(job)
                    yield from _results(*job)
                if not ended:
                    time.sleep(_POLL)
        finally:
            for submitted, _ in running:
                submitted.cancel()

    def _executor(self) -> Any:
        import submitit

        if self.address not in {None, "local"}:
            raise ExecutorError(
                f"address {self.address!r} given; executor 'slurm' submits from a login node, without an address, or"
                " runs its jobs here with --address local"
            )
        options = {name: int(value) if value.isdigit() else value for name, value in self.options.items()}
        try:
            executor = submitit.AutoExecutor(self.folder / "slurm", cluster=self.address)
            executor.update_parameters(**{"timeout_min": _MINUTES, "cpus_per_task": 1, **options})
        except (RuntimeError, NameError, TypeError, ValueError) as error:
            raise ExecutorError(
                f"submitit cannot submit ({error}): run this where sbatch is, or try --address local"
            ) from error
        if self.address is None and executor.cluster != "slurm":
            raise ExecutorError(
                "there is no sbatch here: run this on a login node of a Slurm cluster, or try --address local"
            )
        return executor


def play_all(cells: Sequence[Cell]) -> list[CellResult]:
    """Return the outcomes of a group of cells, one after another: what a Slurm job runs."""
    return [cell() for cell in cells]


def _groups(cells: Sequence[Cell], most: int) -> list[list[Cell]]:
    """At most ``most`` groups of about the same work: cells come longest first, and are dealt out like cards."""
    count = min(most, len(cells))
    return [list(cells[start::count]) for start in range(count)]


def _results(submitted: Any, group: list[Cell]) -> Iterator[CellResult]:
    error = submitted.exception()
    if error is None:
        yield from submitted.result()
        return
    reason = f"Slurm job {submitted.job_id} ended without an answer.\n{error}\n{submitted.stderr() or ''}"
    yield from (lost(cell, reason) for cell in group)
