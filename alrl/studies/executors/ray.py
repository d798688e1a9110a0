"""A Ray cluster, by Ray's backend for joblib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import call
from typing import Any, ClassVar

import joblib

from alrl.studies.cell import Cell, CellResult
from alrl.studies.executors.base import Executor, ExecutorError

_WAVE = 8
"""Cells for each worker between two writes: Ray's backend hands results on together, not one by one."""


class Ray(Executor):
    """``address`` is that of a cluster (``ray://host:10001``, or ``auto`` on one of its nodes); else this machine.

    alrl and the data sets have to be installed where the workers run.
    """

    name: ClassVar[str] = "ray"
    extra: ClassVar[str | None] = "ray"
    needs: ClassVar[tuple[str, ...]] = ("ray",)

    def outcomes(self, cells: Sequence[Cell]) -> Iterator[CellResult]:
        import ray
        from ray.util.joblib import register_ray

        self._start(ray)
        try:
            register_ray()
            workers = int(ray.cluster_resources().get("CPU", 1))
            wave = _WAVE * workers
            with joblib.parallel_config(backend="ray"):
                for start in range(0, len(cells), wave):
                    part = cells[start : start + wave]
                    pool = joblib.Parallel(n_jobs=workers, batch_size=1)
                    yield from pool(joblib.delayed(call)(cell) for cell in part)
        finally:
            ray.shutdown()

    def _start(self, ray: Any) -> None:
        # What is for a cluster of one's own is refused by one that runs already.
        here: dict[str, Any] = {"num_cpus": self.workers, "include_dashboard": False}
        there: dict[str, Any] = {"address": self.address}
        try:
            ray.init(**(here if self.address is None else there), log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            # What a head says of its own faults is a traceback.
            reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            raise ExecutorError(
                f"Ray cannot be reached at {self.address or 'this machine'} ({reason}): start it with `ray start"
                " --head`, or leave --address out to use this machine; a cluster that asks for Ray's token refuses who"
                " does not send it, which RAY_AUTH_MODE=token in the environment does"
            ) from error
