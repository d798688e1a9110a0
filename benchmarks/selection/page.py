"""The times of selection as a table and a page in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from alrl.evaluation.table import Table
from benchmarks.selection.alrl import BATCH, Selection
from benchmarks.selection.peers import MEMORY, SECONDS, has_rule
from benchmarks.selection.pool import CLASSES, FEATURES, MEMBERS
from benchmarks.subprocess_call import Apart

TARGET_SECONDS, TARGET_BYTES = 10.0, 4 * 2**30
"""What a choice from 100,000 records may take, by issue 4."""
_EXEMPT = "expected-error-reduction"
_METHOD = """\
Milliseconds to choose a batch of {batch} from one pool of {features} features and {classes} classes, of which 100
records are labelled, on {threads} threads, each strategy and size in a process of its own. "First" is the first choice
on a pool, with the neighbours, densities or clusters that are found once a pool; "later" is the median of three more
with a new word of the learner. The learner's fit and prediction (of {members} members, for a committee) are no part of
it, but refits that a strategy asks for are. Memory is the most anonymous memory of the process, the interpreter,
torch, numba and the pool included. scikit-activeml {version} does the same choice, its classifier fitted beforehand
(`fit_clf=False`), within {seconds:g} s and {memory} GiB; "–" where it has no such rule. The target is 10 s and 4 GiB at
100,000 records for all but expected error reduction. Approximations of the larger pools are in
[strategies](strategies.md) and [large pools](large-pools.md).
"""

Theirs = Mapping[tuple[str, int], Apart | None]


def within_target(each: Selection) -> bool:
    """Return whether a choice stays within ten seconds and 4 GiB."""
    slowest = max(each.first or float("inf"), each.later or float("inf"))
    return slowest <= TARGET_SECONDS and (each.peak_anonymous or 0) <= TARGET_BYTES


def sheet(ours: Sequence[Selection], theirs: Theirs, records: int) -> Table:
    """Return one row a strategy, for pools of one size."""
    rows = []
    for each in (each for each in ours if each.records == records):
        peak = "–" if each.peak_anonymous is None else f"{each.peak_anonymous / 2**30:.2f}"
        verdict = "exempt" if each.strategy == _EXEMPT else "reached" if within_target(each) else "missed"
        if each.fault is not None:
            verdict = _short(each.fault)
        rows.append(
            (each.strategy, _ms(each.first), _ms(each.later), peak, _theirs(theirs, each.strategy, records), verdict)
        )
    header = ("strategy", "first, ms", "later, ms", "peak, GiB", "scikit-activeml, ms", "10 s, 4 GiB")
    return Table(caption=f"A batch of {BATCH} from {records:,} records", header=header, rows=tuple(rows))


def page(sheets: Sequence[Table], source: Mapping[str, Any], threads: int, note: str | None = None) -> str:
    """Return the page; ``note`` tells of what else there is to know of the measurement."""
    method = _METHOD.format(
        batch=BATCH,
        features=FEATURES,
        classes=CLASSES,
        members=MEMBERS,
        threads=threads,
        seconds=SECONDS,
        memory=MEMORY // 2**30,
        version=_version("scikit-activeml"),
    )
    lines = ["# Time of selection", "", "Made by `make bench` (`python -m benchmarks.selection`).", "", method]
    for each in sheets:
        lines += [f"## {each.caption}", "", *each.markdown_rows(), ""]
    git = source["git"] or {"commit": "not in a git checkout", "dirty": False}
    versions = ", ".join(f"{name} {version}" for name, version in source["packages"].items())
    lines += [
        "## Where and when",
        "",
        f"- Machine: {source['cpu']['name']}, {source['cpu']['count']} cores, {source['platform']}",
        f"- Python {source['python']}, {versions}",
        f"- Commit: {git['commit']}{', with changes' if git['dirty'] else ''}, {source['time']}",
        *([f"- {note}"] if note else []),
        "",
    ]
    return "\n".join(lines)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed here)"


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{1000 * seconds:,.1f}" if seconds < 0.1 else f"{1000 * seconds:,.0f}"


def _theirs(theirs: Theirs, strategy: str, records: int) -> str:
    call = theirs.get((strategy, records))
    if call is None:
        return "not measured" if has_rule(strategy) else "–"
    return _ms(call.result) if call.fault is None else _short(call.fault)


def _short(fault: str) -> str:
    """Return the first words of a fault, fit for a cell.

    >>> _short("MemoryError: Unable to allocate 74.5 GiB for an array with shape (100000, 100000)")
    'MemoryError: Unable to allocate 74.5 GiB'
    """
    plain = fault.replace("|", "/").replace("\\n", " ")
    return plain.partition(" for an array")[0][:60]
