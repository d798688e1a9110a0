"""A whole study beside the same grid played by hand: ``python -m benchmarks.grid``."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import AlrlError
from alrl.numerics.backend import one_thread
from alrl.studies.loading import load_study
from alrl.studies.provenance import provenance
from alrl.studies.store.store import RESULTS, Store
from alrl.studies.study import StudyRecipe
from benchmarks.agreement import Agreement
from benchmarks.baseline_loop import WRITTEN, Arrays, hand_rule, hand_written_loop


class GridError(AlrlError):
    """A grid that could not be played to the end."""


@dataclass(frozen=True, kw_only=True)
class GridRun:
    """Hold what ``alrl run`` took for the whole study, its report included."""

    cells: int
    wall: float
    """Seconds from the start of the command to its end."""
    playing: float
    """Of them, in which cells were played and stored, worker processes started."""
    busy: float
    """Sum of the cells' own seconds."""


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """One episode of the hand-written loop."""

    data_set: str
    strategy: str
    """Ours, in whose place it was played."""
    seed: int
    seconds: float
    curve: NDArray[np.float64]
    """Test accuracy after 0, 1, ... queries, (labels + 1,)."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A study that was played whole, and what a sample of it took by hand."""

    study: StudyRecipe
    workers: int
    sample: tuple[int, ...]
    """Seeds that were played by hand of every data set and strategy."""
    played: GridRun
    by_hand: tuple[ByHand, ...]
    agreement: dict[str, Agreement]
    """By strategy that is written by hand: ours against the hand-written loop on the same seeds."""
    source: dict[str, Any]

    @property
    def steps(self) -> int:
        """Loop steps of the whole grid, each a query and a refit."""
        return len(self.study.data) * len(self.study.agents) * self.study.seeds * self.study.labels

    def extrapolated(self, strategy: str | None = None, seeds: Sequence[int] | None = None) -> float:
        """Return seconds of the whole grid, or of one strategy of it.

        By hand on as many processes, judged by the sample.

        The mean over the seeds of the sample, or over ``seeds`` of it, times the grid's number of seeds.
        """
        kept = set(self.sample if seeds is None else seeds)
        spent = sum(each.seconds for each in self.by_hand if each.seed in kept and strategy in {None, each.strategy})
        return spent * self.study.seeds / len(kept) / self.workers

    @property
    def ratio(self) -> float:
        """How many times longer the hand-written loop takes than the whole command."""
        return self.extrapolated() / self.played.wall


def measure_grid(
    name: str, folder: Path, *, workers: int, sample: Sequence[int], tick: Callable[[str], object]
) -> Grid:
    """Play the study ``name`` into ``folder``, then the seeds ``sample`` of each of its cells by hand.

    Both use ``workers`` processes of one thread each. ``tick`` is told what begins.

    Raises GridError if the study is not one of data sets alone with single queries, or cells of it fail.
    """
    study = load_study(name)
    if not study.data or study.batches != (1,) or len(study.learners) > 1 or study.train or study.conditions:
        raise GridError(f"study {name!r} is no plain grid: give one of data sets and agents with single queries")
    tick(f"{name}: the whole study")
    played, curves = _run(name, folder, workers)
    tick(f"by hand: {len(study.data) * len(study.agents) * len(sample)} episodes of the sample")
    by_hand = _play_sample(study, workers, sample)
    return Grid(
        study=study,
        workers=workers,
        sample=tuple(sample),
        played=played,
        by_hand=by_hand,
        agreement={each: _agreement(each, by_hand, curves) for each in study.agents if each in WRITTEN},
        source=provenance(),
    )


_Curves = dict[tuple[str, str, int], NDArray[np.float64]]


def _run(name: str, folder: Path, workers: int) -> tuple[GridRun, _Curves]:
    command = [sys.executable, "-m", "alrl", "run", name, "--out", str(folder), "--workers", str(workers), "--json"]
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - this Python, this package
        command, stdout=subprocess.PIPE, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    wall = time.perf_counter() - began
    if done.returncode:
        raise GridError(f"{' '.join(command[1:])} ended with status {done.returncode}: what it said is above")
    summary = json.loads(done.stdout)
    if summary["played"] != summary["cells"]:
        raise GridError(f"{folder} held cells of an earlier run: give an empty folder")
    with Store(folder / RESULTS, read_only=True) as store:
        busy, stored = sum(cell.seconds or 0.0 for cell in store.cells()), store.curves()
    curves = {
        (each.data_set, each.strategy, seed): each.accuracy[row]
        for each in stored
        for row, seed in enumerate(each.seeds)
    }
    return GridRun(cells=summary["cells"], wall=wall, playing=summary["seconds"], busy=busy), curves


def _play_sample(study: StudyRecipe, workers: int, sample: Sequence[int]) -> tuple[ByHand, ...]:
    settings = {"labels": study.labels, "split": study.split.model_dump()}
    pool = Parallel(n_jobs=workers, batch_size=1)
    # Imports and first uses are no part of an episode's time.
    pool(delayed(play_by_hand)(study.data[0], "margin", 0, **settings) for _ in range(workers))
    grid = itertools.product(sample, study.data, study.agents)
    return tuple(pool(delayed(play_by_hand)(data, agent, seed, **settings) for seed, data, agent in grid))


def play_by_hand(data_set: str, strategy: str, seed: int, *, labels: int, split: dict[str, Any]) -> ByHand:
    """Play one episode by hand on one thread, timed from the split on; the data set is at hand already.

    >>> played = play_by_hand("iris", "core-set", 0, labels=3, split={"pool": 0.5, "validation": 0.2, "test": 0.3})
    >>> played.curve.shape, played.seconds > 0
    ((4,), True)
    """
    data = load_data_set(data_set)
    with one_thread():
        began = time.perf_counter()
        task = draw_task(data, [seed], split=split)
        curve = hand_written_loop(task, hand_rule(strategy, Arrays.of(task).pool), labels)
        seconds = time.perf_counter() - began
    return ByHand(data_set=data_set, strategy=strategy, seed=seed, seconds=seconds, curve=curve)


def _agreement(strategy: str, by_hand: Sequence[ByHand], curves: _Curves) -> Agreement:
    mine = [each for each in by_hand if each.strategy == strategy]
    ours = np.stack([curves[load_data_set(each.data_set).name, strategy, each.seed] for each in mine])
    return Agreement.of(ours, np.stack([each.curve for each in mine]), exact=strategy == "random")


if __name__ == "__main__":
    from benchmarks.grid_page import main

    raise SystemExit(main())
