"""The command: which strategies and sizes, and where the page goes."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from alrl.agents.policy_file import shipped_policies
from alrl.progress import Bars
from alrl.recipes.suggest import unknown
from alrl.strategies import strategies
from alrl.studies.provenance import provenance
from benchmarks.selection.alrl import measure_selection
from benchmarks.selection.numbers import Numbers, as_json, read_numbers, same_place, together
from benchmarks.selection.page import page, sheet
from benchmarks.selection.peers import measure_theirs

_THREADS = 2
_SIZES = (1_000, 100_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 2 for an unknown strategy, or numbers of another machine to be added."""
    given = _parser().parse_args(arguments)
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    known = [*strategies(), *shipped_policies()]
    names = known if given.only is None else given.only.split(",")
    strange = [name for name in names if name not in known]
    if strange:
        console.print(unknown("strategy", strange[0], known), style="red", markup=False, highlight=False)
        return 2
    source, earlier = provenance(), [read_numbers(path) for path in given.add]
    if not all(same_place(each.source, source) for each in earlier):
        console.print("--add: those numbers are of another machine or other versions; measure again", style="red")
        return 2
    beside = names if given.beside is None else given.beside.split(",")
    numbers = Numbers(ours={}, theirs={}, source=source)
    for before in earlier:
        # Of two measurements the later named counts.
        numbers = together(numbers, before)
    numbers = dataclasses.replace(numbers, source=source)
    for _ in _measured(numbers, names, beside, given.records, console):
        # After each: what was measured outlives a measurement that is broken off.
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(as_json(numbers), indent=2) + "\n", encoding="utf-8")
    # As a whole run would have them, whatever came from where.
    rows = sorted(numbers.ours.values(), key=lambda each: known.index(each.strategy))
    sheets = [sheet(rows, numbers.theirs, records) for records in sorted({each.records for each in rows})]
    for each in sheets:
        console.print(each.to_rich())
    if given.page is not None:
        given.page.write_text(page(sheets, source, _THREADS, given.note), encoding="utf-8")
    console.print("wrote " + ", ".join(str(path) for path in (given.json, given.page) if path), highlight=False)
    return 0


def _measured(
    numbers: Numbers, names: Sequence[str], beside: Sequence[str], sizes: Sequence[int], console: Console
) -> Iterator[str]:
    """Add to what was found, strategy by strategy."""
    with Bars(console=console) as bars:
        bar = bars.bar("selection", len(sizes) * len(names))
        for records in sizes:
            for name in names:
                numbers.ours[name, records] = measure_selection(name, records, threads=_THREADS)
                if name in beside:
                    numbers.theirs[name, records] = measure_theirs(name, records)
                bar.advance(note=f"{name}, {records:,} records")
                yield name
        bar.done()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.selection", description=__doc__)
    parser.add_argument("--only", metavar="margin,badge", help="these strategies alone")
    parser.add_argument("--beside", metavar="margin,badge", help="scikit-activeml's, of these alone")
    sizes = " and ".join(f"{size:,}" for size in _SIZES)
    parser.add_argument("--records", type=int, nargs="+", default=list(_SIZES), help=f"sizes of the pool ({sizes})")
    parser.add_argument("--json", type=Path, default=Path("runs/selection.json"), help="where the numbers go")
    parser.add_argument(
        "--add", metavar="JSON", type=Path, nargs="+", default=[], help="numbers measured before, to be shown too"
    )
    parser.add_argument("--note", metavar="TEXT", help="circumstances that the page is to tell of")
    parser.add_argument("--page", type=Path, help="where the page goes, such as docs/selection.md")
    return parser
