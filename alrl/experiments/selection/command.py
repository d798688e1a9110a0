"""The command: which strategies and sizes, and where the page goes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from alrl.agents.policy_file import shipped_policies
from alrl.experiments.apart import Apart
from alrl.experiments.provenance import provenance
from alrl.experiments.selection.ours import Selection, measure_selection
from alrl.experiments.selection.page import page, sheet
from alrl.experiments.selection.theirs import measure_theirs
from alrl.progress import Bars
from alrl.strategies import strategies
from alrl.suggest import unknown

_THREADS = 2
_SIZES = (1_000, 100_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 2 for a strategy that there is not."""
    given = _parser().parse_args(arguments)
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    known = [*strategies(), *shipped_policies()]
    names = known if given.only is None else given.only.split(",")
    strange = [name for name in names if name not in known]
    if strange:
        console.print(unknown("strategy", strange[0], known), style="red", markup=False, highlight=False)
        return 2
    ours: list[Selection] = []
    theirs: dict[tuple[str, int], Apart | None] = {}
    with Bars(console=console) as bars:
        bar = bars.bar("selection", len(given.records) * len(names))
        for records in given.records:
            for name in names:
                ours.append(measure_selection(name, records, threads=_THREADS))
                theirs[name, records] = measure_theirs(name, records)
                bar.advance(note=f"{name}, {records:,} records")
        bar.done()
    sheets = [sheet(ours, theirs, records) for records in given.records]
    for each in sheets:
        table = Table(*each.header, title=each.title)
        for row in each.rows:
            table.add_row(*row)
        console.print(table)
    numbers = {
        "ours": [asdict(each) for each in ours],
        "theirs": [
            {"strategy": name, "records": records, "seconds": found.result, "fault": found.fault}
            for (name, records), found in theirs.items()
            if found is not None
        ],
        "provenance": provenance(),
    }
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if given.page is not None:
        given.page.write_text(page(sheets, provenance(), _THREADS), encoding="utf-8")
    console.print("wrote " + ", ".join(str(path) for path in (given.json, given.page) if path), highlight=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m alrl.experiments.selection", description=__doc__)
    parser.add_argument("--only", metavar="margin,badge", help="these strategies alone")
    sizes = " and ".join(f"{size:,}" for size in _SIZES)
    parser.add_argument("--records", type=int, nargs="+", default=list(_SIZES), help=f"sizes of the pool ({sizes})")
    parser.add_argument("--json", type=Path, default=Path("runs/selection.json"), help="where the numbers go")
    parser.add_argument("--page", type=Path, help="where the page goes, such as docs/selection.md")
    return parser
