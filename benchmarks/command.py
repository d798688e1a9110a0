"""The command: what is measured, where it goes, and the exit status."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from alrl.errors import AlrlError, InvalidRecipeError
from alrl.progress import Bars
from alrl.reports.figures import save
from benchmarks import tables
from benchmarks.grid_page import keep_section
from benchmarks.growth_figure import growth_figure
from benchmarks.page import page, with_recipe_section
from benchmarks.report import BenchReport
from benchmarks.run import run
from benchmarks.workloads import QUICK, Size, chosen

_SHEETS = (
    tables.speeds,
    tables.ratios,
    tables.agreement,
    tables.environments,
    tables.recipes,
    tables.shares,
    tables.growth,
    tables.targets,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if a curve differs from the hand-written loop's by more than noise, 2 for bad input."""
    given = _parser().parse_args(arguments)
    console = _console()
    size = QUICK if given.quick else Size()
    try:
        size = dataclasses.replace(size, **({} if given.repeats is None else {"repeats": given.repeats}))
        if given.recipes and given.only is not None:
            raise InvalidRecipeError(
                "--only and --recipes given, each of which measures nothing else; give one of them"
            )
        workloads = () if given.recipes else chosen(given.only)
        whole = given.only is None and not given.recipes
        with Bars(console=console) as bars:
            report = run(
                workloads,
                size,
                rest=whole,
                recipes=whole or given.recipes,
                large_pool=given.large_pool or (whole and not given.quick),
                bars=bars,
            )
    except AlrlError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 2
    for sheet in (make(report) for make in _SHEETS):
        if sheet.rows and len(sheet.header) > 1:
            console.print(sheet.to_rich())
    # Part of a run, or a quick one, does not replace the page that the whole made; recipes have a section of their own.
    kept = given.quick or not (whole or given.recipes)
    target = given.page or (None if kept else Path("docs/benchmarks.md"))
    written = _write(report, given.json, target, part=given.recipes)
    console.print("wrote " + ", ".join(str(path) for path in written), highlight=False)
    return 0 if all(each.agrees for each in report.measured) else 1


def _console() -> Console:
    console = Console()
    # A log or a pipe has no width of its own.
    return console if console.is_terminal else Console(width=140)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    quick = "a few seconds, to see that it runs; the numbers mean little"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--only", metavar="W1,W2", help="these workloads alone, and nothing else")
    recipes = "the environment recipes alone, and their section of the page"
    parser.add_argument("--recipes", action="store_true", help=recipes)
    parser.add_argument("--large-pool", action="store_true", help="the large pool too, with --only or --quick")
    parser.add_argument("--repeats", type=int, help=f"repeats of each measurement ({Size().repeats})")
    parser.add_argument("--json", type=Path, default=Path("runs/bench.json"), help="where the numbers go")
    parser.add_argument(
        "--page", type=Path, help="where the page goes (docs/benchmarks.md; with --quick or --only, nowhere)"
    )
    return parser


def _write(report: BenchReport, numbers: Path, target: Path | None, *, part: bool) -> list[Path]:
    """Write the numbers and the page, or that ``part`` of it which tells of the recipes."""
    numbers.parent.mkdir(parents=True, exist_ok=True)
    numbers.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    written = [numbers]
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if part:
            before = target.read_text(encoding="utf-8") if target.is_file() else "# Speed of the environments\n\n"
            target.write_text(with_recipe_section(before, report), encoding="utf-8")
            return [*written, target]
        figure = None
        if report.growth:
            drawn = save(growth_figure(report.growth), target.parent / "figures" / "growth")
            figure = drawn[0].relative_to(target.parent).as_posix()
            written += drawn
        target.write_text(keep_section(page(report, figure), target), encoding="utf-8")
        written.append(target)
    return written
