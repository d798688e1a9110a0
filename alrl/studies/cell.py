"""One cell of a study, played where it is sent to: the same bits on any worker."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alrl.evaluation.curves import Curves
from alrl.numerics.backend import one_thread
from alrl.strategies import Strategy
from alrl.studies.protocols import Protocol, make_protocol
from alrl.studies.provenance import provenance
from alrl.studies.study import DEFAULT_PROTOCOL

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Begin anew: what the process held before counts no more. Without effect where the system cannot do that."""
    try:
        _CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return


def peak_bytes() -> int | None:
    """Return the most resident memory since :func:`reset_peak`, or since the process began where that had no effect.

    None on a system that does not tell.
    """
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return _by_resource()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)


def _by_resource() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """Result of a cell."""

    spec: Mapping[str, Any]
    curves: Curves | None
    """None if it failed."""
    traceback: str = ""
    seconds: float = 0.0
    """Wall time."""
    cpu_seconds: float = 0.0
    peak_bytes: int | None = None
    """Most memory that the worker held meanwhile."""
    provenance: Mapping[str, Any] | None = None
    """Of the worker; None if it was lost before it could tell."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A cell with all that it needs to be played elsewhere; calling it plays it.

    Its ``spec`` is what :class:`~alrl.studies.protocols.base.Protocol` made of the study, and what a result depends on.
    """

    spec: Mapping[str, Any]
    agent: Strategy
    device: str = "cpu"

    def __call__(self) -> CellResult:
        """Play on one thread. An error is no error here: its traceback is part of the outcome."""
        began, cpu = time.perf_counter(), time.process_time()
        reset_peak()
        curves, fault = None, ""
        with one_thread():
            try:
                curves = protocol_of(self.spec).play(self.spec, self.agent, device=self.device)
            except Exception:  # noqa: BLE001 - one failed cell must not end the others; its traceback is stored
                fault = traceback.format_exc()
            origin = _provenance()
        return CellResult(
            spec=self.spec,
            curves=curves,
            traceback=fault,
            seconds=time.perf_counter() - began,
            cpu_seconds=time.process_time() - cpu,
            peak_bytes=peak_bytes(),
            provenance={**origin, "device": self.device},
        )


def protocol_of(spec: Mapping[str, Any]) -> Protocol:
    """Return the protocol that a cell is played by."""
    return make_protocol(spec.get("protocol", DEFAULT_PROTOCOL))


def work(spec: Mapping[str, Any]) -> float:
    """Return how much there is to do in a cell, in a unit that only cells of one protocol share."""
    return protocol_of(spec).work(spec)


@cache
def _provenance() -> dict[str, Any]:
    """Of this process, asked for once: git is slow."""
    return provenance()
