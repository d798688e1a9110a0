"""A call in a process of its own: what others left behind in this one is no part of its time or memory."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_INTERVAL = 0.005


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Result of a call in a process of its own."""

    result: Any
    """What it returned; None where it failed."""
    fault: str | None
    """Why it gave no result: the name and message of an exception, the time limit, or how the process ended."""
    peak_anonymous: int | None
    """Most anonymous memory (RssAnon) of the process, in bytes; None where there is no /proc."""


def run_apart(
    call: Callable[..., Any], *arguments: Any, seconds: float | None = None, memory: int | None = None
) -> Apart:
    """Call a function that can be pickled, with such arguments, in a fresh process.

    The process is ended after ``seconds``; with ``memory`` an allocation that would take its address space beyond so
    many bytes fails in it. Anonymous memory is read from /proc every 5 ms: interpreter, libraries and arrays count,
    pages of a memory-mapped file do not, for the system may drop them.

    >>> run_apart(len, "four").result, run_apart(int, "four").fault
    (4, "ValueError: invalid literal for int() with base 10: 'four'")
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(there, memory, call, arguments), daemon=True)
    process.start()
    there.close()
    status, peak, end = Path(f"/proc/{process.pid}/status"), 0, None if seconds is None else time.monotonic() + seconds
    result, fault = None, None
    while not here.poll(_INTERVAL):
        peak = max(peak, _anonymous(status))
        if end is not None and time.monotonic() > end:
            fault = f"more than {seconds:g} s"
            process.kill()
            break
    else:
        try:
            result, fault = here.recv()
        except EOFError:
            process.join()
            fault = f"the process ended with exit status {process.exitcode}"
    process.join()
    here.close()
    return Apart(result=result, fault=fault, peak_anonymous=peak or None)


def _call(pipe: Connection, memory: int | None, call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        answer: tuple[Any, str | None] = (call(*arguments), None)
    except Exception as error:  # noqa: BLE001 - whatever it was is told to who asked
        answer = (None, f"{type(error).__name__}: {error}")
    pipe.send(answer)
    pipe.close()


def _anonymous(status: Path) -> int:
    """Return rssAnon in bytes; 0 where it cannot be read."""
    try:
        lines = status.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), 0)
