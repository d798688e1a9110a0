"""A Dask cluster, by joblib's backend for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from operator import call
from typing import Any, ClassVar

import joblib

from alrl.studies.cell import Cell, CellResult
from alrl.studies.executors.base import Executor, ExecutorError

_WAIT = 30
"""Seconds to wait for a scheduler and for a first worker."""


class Dask(Executor):
    """Plays cells on a Dask cluster.

    ``address`` is that of its scheduler (``tcp://host:8786``); without one, worker processes of this machine are used.

    alrl and the data sets have to be installed where the workers run.
    """

    name: ClassVar[str] = "dask"
    extra: ClassVar[str | None] = "dask"
    needs: ClassVar[tuple[str, ...]] = ("dask", "distributed")

    def outcomes(self, cells: Sequence[Cell]) -> Iterator[CellResult]:
        with ExitStack() as stack:
            client = self._client(stack)
            with joblib.parallel_config(backend="dask", client=client, wait_for_workers_timeout=_WAIT):
                pool = joblib.Parallel(n_jobs=-1, return_as="generator_unordered", batch_size=1)
                yield from pool(joblib.delayed(call)(cell) for cell in cells)

    def _client(self, stack: ExitStack) -> Any:
        from distributed import Client, LocalCluster

        if self.address is None:
            cluster = LocalCluster(n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=None)
            stack.enter_context(cluster)
            return stack.enter_context(Client(cluster))
        try:
            return stack.enter_context(Client(self.address, timeout=_WAIT))
        except (OSError, ValueError) as error:
            raise ExecutorError(
                f"no Dask scheduler answers at {self.address!r} ({error}): start one with `dask scheduler`, or leave"
                " --address out to use this machine"
            ) from error
