"""The speed of the loop against a hand-written one: ``python -m alrl.experiments.bench``, or ``make bench``.

Both do the same work on the same tasks in the same run, on one thread: refit, predict the pool, score the test part.
Steps per second depend on the machine and on what else it does; the ratio of the two, repeated, less so.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from alrl.experiments.hand_written_loop import Rule, hand_written_loop
from alrl.experiments.provenance import provenance
from alrl.learners import SoftmaxRegression
from alrl.loop.curves import aubc
from alrl.loop.simulator import Simulator
from alrl.loop.sources import load_data_set
from alrl.loop.task import Task, draw_task
from alrl.strategies import make_strategy
from alrl.strategies.play import play

AGREEMENT = 0.002
"""Mean difference of AUBC that is none, whatever its standard error."""
NOISE = 5.84
"""Standard errors within which a mean of four seeds lies in 99 of 100 runs (Student's t, three degrees of freedom)."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is played."""

    data_set: str
    rule: Rule

    @property
    def name(self) -> str:
        """Data set and rule."""
        return f"{self.data_set}, {self.rule}"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of it."""

    seeds: int = 64
    """Episodes that ours plays at once."""
    reference_seeds: int = 4
    """Episodes of those that the hand-written loop plays."""
    labels: int = 60
    repeats: int = 5


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Steps per second in each repeat, and how far apart the two curves are."""

    workload: str
    ours: tuple[float, ...]
    cold: tuple[float, ...]
    """The hand-written loop, each fit from scratch."""
    warm: tuple[float, ...]
    """The hand-written loop, each fit begun at the last."""
    aubc_difference: float
    """Mean AUBC of ours minus that of the hand-written loop, over the seeds that both played."""
    aubc_error: float
    """Standard error of that mean."""

    def ratio(self, to: str) -> tuple[float, float, float]:
        """Median, least and largest ratio to ``cold`` or ``warm`` over the repeats."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours, getattr(self, to), strict=True)]
        return median(ratios), min(ratios), max(ratios)

    @property
    def agrees(self) -> bool:
        """Whether the curves are the same within noise."""
        return abs(self.aubc_difference) <= max(AGREEMENT, NOISE * self.aubc_error)


WORKLOADS = (
    Workload(data_set="breast_cancer", rule="margin"),
    Workload(data_set="digits", rule="margin"),
    Workload(data_set="digits", rule="random"),
)
QUICK = Size(seeds=8, reference_seeds=2, labels=8, repeats=2)


def measure(workload: Workload, size: Size, tick: Callable[[], object]) -> Measured:
    """Play the workload in all three ways, in turns; ``tick`` is called after each."""
    data_set = load_data_set(workload.data_set)
    tasks = [draw_task(data_set, [seed]) for seed in range(size.seeds)]
    few = tasks[: size.reference_seeds]
    ways: dict[str, Callable[[], NDArray[np.float64]]] = {
        "ours": lambda: _ours(tasks, workload.rule, size.labels),
        "cold": lambda: _theirs(few, workload.rule, size.labels, warm_start=False),
        "warm": lambda: _theirs(few, workload.rule, size.labels, warm_start=True),
    }
    speed: dict[str, list[float]] = {way: [] for way in ways}
    curves = {}
    for _ in range(size.repeats):
        for way, run in ways.items():
            started = time.perf_counter()
            curves[way] = run()
            speed[way].append(curves[way].shape[0] * size.labels / (time.perf_counter() - started))
            tick()
    apart = aubc(curves["ours"][: len(few)]) - aubc(curves["cold"])
    return Measured(
        workload=workload.name,
        ours=tuple(speed["ours"]),
        cold=tuple(speed["cold"]),
        warm=tuple(speed["warm"]),
        aubc_difference=float(apart.mean()),
        aubc_error=float(apart.std(ddof=1) / len(apart) ** 0.5),
    )


def _ours(tasks: Sequence[Task], rule: Rule, labels: int) -> NDArray[np.float64]:
    simulator = Simulator(tasks, SoftmaxRegression(), labels=labels)
    return play(simulator, make_strategy(rule), labels=labels).accuracy.double().numpy()


def _theirs(tasks: Sequence[Task], rule: Rule, labels: int, *, warm_start: bool) -> NDArray[np.float64]:
    return np.stack([hand_written_loop(task, rule, labels, warm_start=warm_start) for task in tasks])


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for NumPy, SciPy and torch inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


HEADER = ("workload", "hand-written, cold", "warm start", "alrl", "ratio to cold", "ratio to warm", "AUBC difference")


def rows(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """The table, one row a workload: median steps per second, ratios with their spread, difference of the curves."""
    table = []
    for each in measured:
        ratios = ("{:.1f} ({:.1f} to {:.1f})".format(*each.ratio(to)) for to in ("cold", "warm"))
        speeds = (f"{median(speed):,.0f}" for speed in (each.cold, each.warm, each.ours))
        verdict = "same" if each.agrees else "DIFFERENT"
        table.append(
            (each.workload, *speeds, *ratios, f"{each.aubc_difference:+.4f} ± {each.aubc_error:.4f}, {verdict}")
        )
    return table


def page(measured: Sequence[Measured], size: Size, source: dict[str, Any]) -> str:
    """The Markdown page."""
    git = source["git"] or {"commit": "not in a git checkout", "dirty": False}
    versions = ", ".join(f"{name} {version}" for name, version in source["packages"].items())
    lines = [
        "# Speed of the loop",
        "",
        "Steps per second: each step refits the learner, predicts the pool, queries a record and scores the test part.",
        f"alrl plays {size.seeds} seeds at once, the hand-written scikit-learn loop {size.reference_seeds} of them one",
        f"after another, {size.labels} queries each, on one thread, in turns in one run; median of {size.repeats}",
        "repeats, ratios with least and largest. Made by `make bench`.",
        "",
        "| " + " | ".join(HEADER) + " |",
        "|---" * len(HEADER) + "|",
        *("| " + " | ".join(row) + " |" for row in rows(measured)),
        "",
        f"- Machine: {source['cpu']['name']}, {source['cpu']['count']} cores, {source['platform']}",
        f"- Python {source['python']}, {versions}",
        f"- Commit: {git['commit']}{', with changes' if git['dirty'] else ''}, {source['time']}",
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if a curve differs from the hand-written loop's by more than noise."""
    parser = argparse.ArgumentParser(prog="python -m alrl.experiments.bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds, to see that it runs; the numbers mean little"
    )
    parser.add_argument("--repeats", type=int, help="repeats of each measurement (5)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench.json"), help="where the numbers go")
    parser.add_argument("--page", type=Path, help="where the page goes (docs/benchmarks.md; with --quick, nowhere)")
    given = parser.parse_args(arguments)
    chosen = QUICK if given.quick else Size()
    size = Size(**(asdict(chosen) | ({"repeats": given.repeats} if given.repeats else {})))
    console = Console()
    with one_thread(), Progress(console=console, transient=True) as progress:
        bar = progress.add_task("measuring", total=3 * size.repeats * len(WORKLOADS))
        measured = [measure(workload, size, lambda: progress.advance(bar)) for workload in WORKLOADS]
    table = Table(*HEADER, title="Steps per second, one thread")
    for row in rows(measured):
        table.add_row(*row)
    console.print(table)
    source = provenance()
    given.json.parent.mkdir(parents=True, exist_ok=True)
    result = {"size": asdict(size), "measured": [asdict(each) for each in measured], "provenance": source}
    given.json.write_text(json.dumps(result, indent=2) + "\n")
    target = given.page or (None if given.quick else Path("docs/benchmarks.md"))
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(measured, size, source))
    console.print(f"wrote {given.json}" + (f" and {target}" if target else ""))
    return 0 if all(each.agrees for each in measured) else 1


if __name__ == "__main__":
    raise SystemExit(main())
