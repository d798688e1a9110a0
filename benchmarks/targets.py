"""The targets and how far each was reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

import torch

from benchmarks.environment import CANDIDATES, POLICY, POLICY_TARGET, TARGETS, WORKERS_TARGET
from benchmarks.gpu import EPISODES as GPU_EPISODES
from benchmarks.gpu import TARGET as GPU_TARGET
from benchmarks.large_pool import TARGET_BYTES, TARGET_SECONDS
from benchmarks.measure import Measured
from benchmarks.report import BenchReport

MANY = 64
"""Episodes at once from which the targets of many episodes count."""
_GIBIBYTE = 2**30


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One target and what was measured against it.

    >>> print(Verdict(what="W1", target=25, value=20.0, unit="x"))
    short by 20 %
    >>> print(Verdict(what="large pool", target=5, value=4.0, unit="s", at_most=True))
    reached
    """

    what: str
    target: float
    value: float | None
    """None where it was not measured."""
    unit: str
    at_most: bool = False
    """Whether smaller is better."""
    spread: tuple[float, float] | None = None
    """Least and largest over the repeats."""
    reason: str = "not measured"
    """Why there is no value."""

    @property
    def reached(self) -> bool:
        """Whether the target is met."""
        return self.value is not None and (self.value <= self.target if self.at_most else self.value >= self.target)

    def __str__(self) -> str:
        if self.value is None:
            return self.reason
        if self.reached:
            return "reached"
        missing = self.value / self.target - 1 if self.at_most else 1 - self.value / self.target
        return f"{'over' if self.at_most else 'short'} by {100 * missing:.0f} %"

    @property
    def row(self) -> tuple[str, str, str, str]:
        """What, target, measured, verdict."""
        sign = "≤" if self.at_most else "≥"
        shown = "–" if self.value is None else _number(self.value)
        if self.spread is not None:
            shown += f" ({_number(self.spread[0])} to {_number(self.spread[1])})"
        return self.what, f"{sign} {_number(self.target)} {self.unit}", shown, str(self)


def verdicts(report: BenchReport) -> tuple[Verdict, ...]:
    """Return every target, in the order of the issue."""
    return (*_workloads(report), *_environments(report), *_policies(report), *_large_pools(report), _gpu(report))


def _workloads(report: BenchReport) -> Iterator[Verdict]:
    for each in report.measured:
        yield _best(each, f"{MANY} episodes or more", each.workload.target, [B for B, _ in each.ours if B >= MANY])
    for each in report.measured:
        if each.workload.single_target is not None:
            yield _best(each, "one episode", each.workload.single_target, [1])


def _best(each: Measured, what: str, target: float, episodes: list[int]) -> Verdict:
    """Return the fastest of the runs of that many episodes at once, by its median ratio to the cold loop."""
    runs = {run: each.ratio(speeds) for run, speeds in each.ours.items() if run[0] in episodes}
    name = f"{each.workload.name}, {what}"
    if not runs:
        return Verdict(what=name, target=target, value=None, unit="×")
    (B, workers), ratio = max(runs.items(), key=lambda run: run[1].median)
    if B > 1:
        name = f"{each.workload.name}, {what} (best: {B} with {workers} worker{'s' if workers > 1 else ''})"
    return Verdict(what=name, target=target, value=ratio.median, unit="×", spread=(ratio.least, ratio.largest))


def _environments(report: BenchReport) -> Iterator[Verdict]:
    for data_set, target in TARGETS.items():
        name = f"environment of {data_set}, {MANY} episodes, {CANDIDATES} candidates, all features, paired"
        runs = [each for each in report.environments if each.data_set == data_set and each.episodes >= MANY]
        alone, shared = ([run for run in runs if run.workers == workers] for workers in (1, 2))
        yield _over(name, target, None if not alone else alone[0].ratios)
        both = (
            tuple(more / one for more, one in zip(shared[0].ratios, alone[0].ratios, strict=True))
            if alone and shared
            else None
        )
        yield _over(f"{name}, two workers over one", WORKERS_TARGET, both)


def _policies(report: BenchReport) -> Iterator[Verdict]:
    for each in report.policies:
        what = f"{POLICY} over margin in simulate, {each.data_set}, {report.size.env_episodes} episodes"
        yield _over(what, POLICY_TARGET, each.ratios, at_most=True)


def _over(what: str, target: float, ratios: tuple[float, ...] | None, *, at_most: bool = False) -> Verdict:
    """Return the verdict on a ratio by its repeats; None for what was not measured."""
    if ratios is None:
        return Verdict(what=what, target=target, value=None, unit="×", at_most=at_most)
    spread = (min(ratios), max(ratios))
    return Verdict(what=what, target=target, value=median(ratios), unit="×", at_most=at_most, spread=spread)


def _large_pools(report: BenchReport) -> Iterator[Verdict]:
    name = f"pool of {report.size.large_pool:,} × 64"
    if not report.large_pool:
        yield Verdict(what=f"{name}, a loop", target=TARGET_SECONDS, value=None, unit="s", at_most=True)
    for each in report.large_pool:
        loop = f"{name}, {each.strategy}, the slowest of {len(each.seconds)} loops"
        spread = (min(each.seconds), max(each.seconds))
        yield Verdict(what=loop, target=TARGET_SECONDS, value=max(each.seconds), unit="s", at_most=True, spread=spread)
        used = None if each.peak_anonymous is None else each.peak_anonymous / _GIBIBYTE
        memory = f"{name}, {each.strategy}, peak memory beyond the file"
        yield Verdict(what=memory, target=TARGET_BYTES / _GIBIBYTE, value=used, unit="GiB", at_most=True)


def _gpu(report: BenchReport) -> Verdict:
    gpu = report.gpu
    episodes = GPU_EPISODES if gpu is None else gpu.episodes
    value = None if gpu is None else gpu.ratio
    what = f"W1 on a GPU, {episodes:,} episodes"
    reason = "not measured" if torch.cuda.is_available() else "no GPU here"
    return Verdict(what=what, target=GPU_TARGET, value=value, unit="×", reason=reason)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.1f}"


WHY = {
    "W1": "The fit is the larger part of a step: some fifteen iterations, each with two products of small matrices.",
    "W2, one": (
        "Of a step of about a millisecond the fit is a tenth; the rest is about a hundred calls of torch and numba,"
        " which cost the same for one episode as for sixty-four."
    ),
    "W2": "Half of a step is calls of torch, shared by the episodes of a worker; the fit is two fifths.",
    "W3": (
        "Fits to 20 to 210 labels are four fifths of a step. The factorisation of the preconditioner runs along short"
        " rows, at a quarter of the products' rate, and past twice as many records as features the preconditioner is"
        " one matrix for all classes, with which a fit took 46 iterations instead of 24."
    ),
    "W4": "The fit is the larger part of a step, then the passes over pool and test part.",
    "W5": "Fifty epochs of Adam run at a third of the arithmetic floor.",
    "two workers over one": (
        "Two processes on two cores share caches and clock, and the one that steps them has its own work; passing"
        " observations on is a twentieth of a step."
    ),
    "environment": (
        "A step fits, predicts and scores twice, for the agent and for the margin run that it is paired with:"
        " half of the time on breast_cancer, three quarters on digits, where the engine alone is some 20 times the"
        " hand-written loop. The rest is some four hundred calls of torch and numba a step, whatever the number of"
        " episodes, and the compiled passes over features."
    ),
    "general over margin": (
        "A round of margin sampling takes a few milliseconds; the covariances of the group influence, the three"
        " networks and the passes over features cost as much again each."
    ),
    "pool of": "The pass over the pool and the policy's hundred picks, each of which sees the batch so far.",
}
"""By a part of a verdict's name; the longest that fits counts."""


def reasons(verdicts: Iterable[Verdict]) -> list[str]:
    """Return the measured targets that were not reached, in Markdown: a line for all that fall short for one reason.

    >>> short = Verdict(what="W5, 64 episodes or more", target=15, value=12.0, unit="x")
    >>> reasons([short, Verdict(what="W4, 64 episodes or more", target=30, value=40.0, unit="x")])
    ['- W5, 64 episodes or more (short by 20 %). Fifty epochs of Adam run at a third of the arithmetic floor.']
    """
    missed: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.value is not None and not verdict.reached:
            fitting = max((name for name in WHY if name in verdict.what), key=len, default=verdict.what)
            missed.setdefault(fitting, []).append(f"{verdict.what} ({verdict})")
    return [f"- {'; '.join(short)}. {WHY.get(name, '')}".rstrip() for name, short in missed.items()]
