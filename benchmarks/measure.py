"""Plays a workload on every side, in turns, and keeps the speed of each."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.agreement import Agreement, agreements, simulated
from benchmarks.baseline_loop import hand_written_loop
from benchmarks.peers import PEERS, peers
from benchmarks.workloads import Size, Workload

Speeds = tuple[float, ...]
"""Steps per second in each repeat."""
COLD, WARM = "hand-written, cold", "hand-written, warm start"
_SETTLE = 0.5
"""Seconds that worker processes are given to tidy up after a run, before the next side has its turn."""


class Ratio(NamedTuple):
    """A ratio of speeds over the repeats."""

    median: float
    least: float
    largest: float

    def __str__(self) -> str:
        digits = 0 if self.median >= 100 else 1
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.largest:.{digits}f})"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Times of one workload."""

    workload: Workload
    ours: dict[tuple[int, int], Speeds]
    """By number of episodes and of workers."""
    theirs: dict[str, Speeds]
    """By side; peers that are not installed are missing."""
    free: Agreement
    """Our curves and the cold hand-written loop's, each picking for itself."""
    replayed: Agreement
    """Our curves and those of scikit-learn's classifier fitted to the records that ours picked."""

    def ratio(self, speeds: Speeds, to: str = COLD) -> Ratio:
        """Return median, least and largest ratio of ``speeds`` to a side, each within a repeat."""
        ratios = [mine / other for mine, other in zip(speeds, self.theirs[to], strict=True)]
        return Ratio(median(ratios), min(ratios), max(ratios))

    @property
    def agrees(self) -> bool:
        """Whether ours learns the same, within noise."""
        return self.free.same and self.replayed.same


class _Job(NamedTuple):
    side: str | tuple[int, int]
    steps: int
    play: Callable[[], object]


def measure(workload: Workload, size: Size, tick: Callable[[int], object]) -> Measured:
    """Play the workload on every side in every repeat; ``tick`` is called with the part of :func:`effort` done."""
    labels = size.cut(workload)
    _warm_up(workload, size)
    speeds: dict[str | tuple[int, int], list[float]] = defaultdict(list)
    curves: dict[int, NDArray[np.float64]] = {}
    for repeat in range(size.repeats):
        seconds: dict[str | tuple[int, int], float] = defaultdict(float)
        steps: dict[str | tuple[int, int], int] = defaultdict(int)
        for job in _turns(workload, size, labels, _seeds(size, repeat), curves):
            started = time.perf_counter()
            job.play()
            seconds[job.side] += time.perf_counter() - started
            steps[job.side] += job.steps
            tick(_effort(job.side, job.steps))
            if isinstance(job.side, tuple) and job.side[1] > 1:
                time.sleep(_SETTLE)
        for side, spent in seconds.items():
            speeds[side].append(steps[side] / spent)
    free, replayed = agreements(workload, labels, curves)
    return Measured(
        workload=workload,
        ours={side: tuple(speed) for side, speed in speeds.items() if isinstance(side, tuple)},
        theirs={side: tuple(speed) for side, speed in speeds.items() if isinstance(side, str)},
        free=free,
        replayed=replayed,
    )


def _warm_up(workload: Workload, size: Size) -> None:
    """Load the data, import the peers, start the worker processes: done once, and no part of any speed."""
    for _, play in _other_sides(workload, 0, workload.batch, {}):
        play()
    for workers in size.workers:
        simulated(workload, 16 * workers, workers, 2 * workload.batch)


def effort(workload: Workload, size: Size) -> int:
    """Return work of :func:`measure`, in units of about one step of the hand-written loop."""
    jobs = _turns(workload, size, size.cut(workload), _seeds(size, 0), {})
    return size.repeats * sum(_effort(job.side, job.steps) for job in jobs)


def _effort(side: str | tuple[int, int], steps: int) -> int:
    return steps if isinstance(side, str) else -(-steps // (10 * side[1]))


def _seeds(size: Size, repeat: int) -> range:
    return range(repeat * size.seeds, (repeat + 1) * size.seeds)


def _turns(
    workload: Workload, size: Size, labels: int, seeds: Sequence[int], curves: dict[int, NDArray[np.float64]]
) -> Iterator[_Job]:
    """Yield all sides, in turns, so that what else the machine does slows all of them."""
    loops = -(-labels // workload.batch)
    for place, seed in enumerate(seeds):
        for side, other in _other_sides(workload, seed, labels, curves):
            if place % 2 and side != COLD:
                # Half the seeds do for those that nothing is measured against.
                continue
            yield _Job(side, loops, other)
        for episodes, workers in size.runs[place :: len(seeds)]:
            play = partial(simulated, workload, episodes, workers, labels)
            yield _Job((episodes, workers), episodes * loops, play)


def _other_sides(
    workload: Workload, seed: int, labels: int, curves: dict[int, NDArray[np.float64]]
) -> Iterator[tuple[str, Callable[[], object]]]:
    task = workload.task(seed)

    def by_hand(*, warm_start: bool) -> NDArray[np.float64]:
        return hand_written_loop(
            task, workload.rule, labels, batch=workload.batch, model=workload.model, warm_start=warm_start
        )

    yield COLD, lambda: curves.update({seed: by_hand(warm_start=False)})
    yield WARM, lambda: by_hand(warm_start=True)
    for name, version in peers().items():
        if version is not None:
            yield name, partial(PEERS[name][2], workload, task, labels)
