"""The tables of the benchmark as rows of text, for the terminal and the page alike."""

from __future__ import annotations

from statistics import median

from alrl.evaluation.table import Table
from benchmarks.measure import COLD, WARM, Measured, Ratio
from benchmarks.peers import PEERS
from benchmarks.report import BenchReport
from benchmarks.shares import PARTS
from benchmarks.targets import verdicts


def targets(report: BenchReport) -> Table:
    """Return every target, what was measured and the verdict."""
    rows = tuple(each.row for each in verdicts(report))
    return Table(caption="Targets", header=("what", "target", "measured", "verdict"), rows=rows)


def speeds(report: BenchReport) -> Table:
    """Return median steps per second of every side, one row a side, one column a workload."""
    rows = [(side, *(_speed(report, each, side) for each in report.measured)) for side in (COLD, WARM, *PEERS)] + [
        (_run(run), *(f"{median(each.ours[run]):,.0f}" for each in report.measured)) for run in report.size.runs
    ]
    names = tuple(each.workload.name for each in report.measured)
    return Table(caption="Steps per second", header=("side", *names), rows=tuple(rows))


def ratios(report: BenchReport) -> Table:
    """Return ratios to the cold hand-written loop, median (least to largest), one row a side, one column a workload."""
    others: list[tuple[str, ...]] = []
    for side in (WARM, *PEERS):
        known = [
            str(each.ratio(each.theirs[side])) if side in each.theirs else "not installed" for each in report.measured
        ]
        others.append((side, *known))
    ours = [(_run(run), *(str(each.ratio(each.ours[run])) for each in report.measured)) for run in report.size.runs]
    names = tuple(each.workload.name for each in report.measured)
    return Table(caption="Ratio to the cold hand-written loop", header=("side", *names), rows=(*others, *ours))


def agreement(report: BenchReport) -> Table:
    """Return difference of AUBC between ours and the cold hand-written loop.

    Each picking for itself and on our picks.
    """
    rows = tuple(
        (each.workload.title, str(each.free), str(each.replayed), str(len(each.free.differences)))
        for each in report.measured
    )
    header = ("workload", "each picks for itself", "on the same picks", "seeds")
    return Table(caption="AUBC minus the hand-written loop's", header=header, rows=rows)


def environments(report: BenchReport) -> Table:
    """Return steps per second of the vector environment, and its ratios to the hand-written loop."""
    rows = tuple(
        (
            each.data_set,
            str(each.workers),
            f"{each.median:,.0f} ({min(each.speeds):,.0f} to {max(each.speeds):,.0f})",
            str(Ratio(median(each.ratios), min(each.ratios), max(each.ratios))),
        )
        for each in report.environments
    )
    header = ("data set", "workers", "steps per second", "ratio to the hand-written loop")
    return Table(caption="Vector environment", header=header, rows=rows)


def recipes(report: BenchReport) -> Table:
    """Return steps per second of every environment recipe, one row a recipe.

    One column a number of episodes at once.
    """
    sizes, rows = report.size.recipe_episodes, dict[str, list[str]]()
    for each in report.recipes:
        speed = f"{each.median:,.0f} ({min(each.speeds):,.0f} to {max(each.speeds):,.0f})"
        rows.setdefault(each.recipe, [each.recipe]).append(speed)
        if each.episodes == sizes[-1]:
            rows[each.recipe].append(f"{each.start:,.1f}")
    header = ("recipe", *(f"{size} episode{'s' if size > 1 else ''}" for size in sizes), "ms to begin one")
    return Table(caption="Environment recipes", header=header, rows=tuple(map(tuple, rows.values())))


def shares(report: BenchReport) -> Table:
    """Return where the time of a step goes, and the share of the arithmetic floor."""
    rows = []
    for each in report.shares:
        floor, work = each.floor_share(report.rate), each.multiply_adds_a_step
        parts = (f"{each.shares[part]:.0%}" for part in PARTS)
        rows.append(
            (
                f"{each.workload}, {each.episodes} episodes",
                f"{1e6 * each.seconds_a_step:,.0f}",
                *parts,
                "no model" if work is None else f"{work / 1e6:.2f} M",
                "no model" if floor is None else f"{floor:.0%}",
            )
        )
    header = ("workload", "µs a step", *PARTS, "multiply-adds", "floor")
    return Table(caption="Where the time goes", header=header, rows=tuple(rows))


def growth(report: BenchReport) -> Table:
    """Return exponents of cumulative work and time in the number of labels."""
    rows = tuple(
        (
            each.learner,
            each.start,
            "no model" if each.work_exponent is None else f"{each.work_exponent:.2f}",
            f"{each.time_exponent:.2f}",
            "no model" if each.multiply_adds is None else f"{sum(each.multiply_adds) / 1e6:,.0f} M",
            f"{sum(each.seconds):.2f} s",
        )
        for each in report.growth
    )
    header = ("learner", "refit", "exponent of work", "exponent of time", "multiply-adds in all", "seconds in all")
    return Table(caption="Growth with the labels", header=header, rows=rows)


def _speed(report: BenchReport, each: Measured, side: str) -> str:
    if side in each.theirs:
        return f"{median(each.theirs[side]):,.0f}"
    return "not installed" if report.peers.get(side) is None else "–"


def _run(run: tuple[int, int]) -> str:
    """Return a run of ours as the row of a table.

    >>> _run((64, 2)), _run((1, 1))
    ('alrl, 64 episodes, 2 workers', 'alrl, 1 episode')
    """
    episodes, workers = run
    shared = f", {workers} workers" if workers > 1 else ""
    return f"alrl, {episodes} episode{'s' if episodes > 1 else ''}{shared}"
