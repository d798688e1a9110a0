"""The time that a strategy of this library takes to choose a batch."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import torch

from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, shipped_policies
from alrl.strategies import Strategy, make_strategy
from benchmarks.selection.pool import begun
from benchmarks.subprocess_call import run_apart

BATCH = 10
"""Records of the batch that is chosen."""
REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Time and memory of one strategy on a pool of one size."""

    strategy: str
    records: int
    first: float | None
    """Seconds of the first choice on a pool, with neighbours and all else that is found once; None if it failed."""
    later: float | None
    """Median seconds of a later choice: the learner's word is new, the pool's geometry is known."""
    peak_anonymous: int | None
    """Most anonymous memory of the process, the interpreter, its libraries and the pool included, in bytes."""
    fault: str | None
    """Why there is no time."""


def measure_selection(strategy: str, records: int, *, threads: int = 2, seconds: float = 600) -> Selection:
    """Return time a registered strategy or shipped policy on a pool of ``records`` records, in a fresh process."""
    call = run_apart(_time, strategy, records, threads, seconds=seconds)
    first, later = call.result or (None, None)
    return Selection(
        strategy=strategy,
        records=records,
        first=first,
        later=later,
        peak_anonymous=call.peak_anonymous,
        fault=call.fault,
    )


def _time(name: str, records: int, threads: int) -> tuple[float, float]:
    torch.set_num_threads(threads)
    strategy = _made(name)
    # Compiled code is loaded from its cache on first use: on a small pool, so that it is no part of the time.
    _chosen(strategy, 60)
    simulator = begun(records, strategy.needs)
    view = simulator.view
    times = []
    for _ in range(1 + REPEATS):
        # A fresh view holds nothing that the last choice computed of the learner's word; the geometry stays.
        fresh = dataclasses.replace(view)
        started = time.perf_counter()
        picks = strategy.select(fresh, BATCH)
        times.append(time.perf_counter() - started)
        if len(set(picks[0].tolist())) < min(BATCH, int(view.available.sum())):
            raise AssertionError(f"{name} chose {picks[0].tolist()}, which are not {BATCH} distinct records")
    return times[0], sorted(times[1:])[REPEATS // 2]


def _chosen(strategy: Strategy, records: int) -> None:
    strategy.select(begun(records + 100, strategy.needs).view, BATCH)


def _made(name: str) -> Strategy:
    if name in shipped_policies():
        policy: Policy = load_policy(name)
        return policy
    return make_strategy(name)
