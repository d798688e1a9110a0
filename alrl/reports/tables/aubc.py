"""Tables of AUBC by data set and strategy: for people, and as numbers."""

from __future__ import annotations

import io

from alrl.evaluation.spreadsheet import SpreadsheetWriter
from alrl.evaluation.table import MISSING, Bold, Table
from alrl.reports.summary import AreaSummary, Summary


def count(labels: float) -> str:
    """Return a number of labels, interpolated between two of them; ∞ where there is none.

    >>> count(12.34), count(float("inf"))
    ('12.3', '∞')
    """
    return "∞" if labels == float("inf") else f"{labels:.1f}"


def percent(share: float | None) -> str:
    """Return a share as a percentage, a dash where it is not known.

    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    return MISSING if share is None else f"{100 * share:.1f} %"


def caption(summary: Summary) -> str:
    """Return one line that says what the numbers are."""
    metric = summary.metric.replace("_", " ")
    return (
        f"AUBC of {metric} in points (0 to 100), mean ± 95 % interval over seeds; "
        f"learner {summary.setting}, batch {summary.batch}"
    )


def notes(summary: Summary) -> str:
    """Return what the marks in the table mean."""
    parts = ["Bold: best of its data set."]
    if "random" in summary.strategies:
        parts.append(
            "↓: worse than random (95 % interval of the paired difference below zero, not corrected for the number of"
            " data sets)."
        )
    if summary.reference in summary.strategies:
        parts.append(f"Wins / ties / losses: data sets on which the paired difference to {summary.reference} is so.")
    if any(cell.wasted is not None for cell in summary.cells.values()):
        parts.append("Labels wasted: share of the budget spent on records that teach nothing.")
    short: dict[str, int] = {}
    for (data_set, _), cell in summary.cells.items():
        if cell.exhausted:
            short[data_set] = min(cell.exhausted, short.get(data_set, cell.exhausted))
    if short:
        named = ", ".join(f"{data_set} after {labels} labels" for data_set, labels in short.items())
        parts.append(f"The pool ran out before the budget, and curves stay where they are: {named}.")
    if summary.upper_bounds:
        parts.append("Upper bounds see hidden labels: they are no competitors, have no rank and are never bold.")
    return " ".join(parts)


def area_table(summary: Summary, *, mark: str = "") -> Table:
    """Return the mean AUBC of each strategy on each data set, best ones bold, with caption, notes and ranks below."""
    return Table(
        header=("data set", *summary.strategies),
        rows=tuple((data_set, *_row(summary, data_set)) for data_set in summary.data_sets),
        foot=tuple((label, *cells) for label, cells in foot(summary)),
        caption=caption(summary),
        notes=notes(summary),
        mark=mark,
        emphasis=summary.emphasis,
    )


def csv_table(summaries: list[Summary], *, mark: str = "") -> str:
    """Return one row for each metric, data set and strategy, points with four decimals.

    A ``mark`` fills the last column.

    With contaminated pools the share of the budget that was wasted stands before it.
    """
    buffer = io.StringIO()
    writer = SpreadsheetWriter(buffer)
    against = [
        f"{name}_{part}" for name in ("random", "reference") for part in ("difference", "low", "high", "outcome")
    ]
    dirty = any(cell.wasted is not None for summary in summaries for cell in summary.cells.values())
    known = ["metric", "learner", "batch", "data_set", "strategy", "aubc", "half_width", "reference", *against]
    writer.writerow([*known, *(["wasted_share"] if dirty else []), "mark"])
    for summary in summaries:
        for (data_set, strategy), cell in summary.cells.items():
            row = [summary.metric, summary.setting, summary.batch, data_set, strategy, f"{cell.mean:.4f}"]
            row += [f"{cell.half_width:.4f}", summary.reference, *_against(cell)]
            row += ["" if cell.wasted is None else f"{cell.wasted:.4f}"] if dirty else []
            writer.writerow([*row, mark])
    return buffer.getvalue()


def _against(cell: AreaSummary) -> list[str]:
    row: list[str] = []
    for estimate in (cell.against_random, cell.against_reference):
        row += (
            [""] * 4
            if estimate is None
            else [f"{estimate.value:.4f}", f"{estimate.low:.4f}", f"{estimate.high:.4f}", estimate.outcome]
        )
    return row


def _row(summary: Summary, data_set: str) -> list[str]:
    row = []
    for strategy in summary.strategies:
        cell = summary.cells.get((data_set, strategy))
        text = MISSING if cell is None else str(cell) + (" ↓" if cell.worse_than_random else "")
        row.append(Bold(text) if cell is not None and cell.best else text)
    return row


def foot(summary: Summary) -> list[tuple[str, list[str]]]:
    """Return the rows below the data sets, a label and one text a strategy.

    Mean rank, record, losses to random, waste.
    """
    names = summary.strategies
    rows = []
    if summary.ranks:
        rows.append(
            (
                f"mean rank ({_sets(len(summary.ranked))})",
                [f"{summary.ranks[name]:.2f}" if name in summary.ranks else MISSING for name in names],
            )
        )
    if len(names) > 1:
        records = [
            MISSING if name == summary.reference else " / ".join(map(str, summary.record(name))) for name in names
        ]
        rows.append((f"wins / ties / losses vs {summary.reference}", records))
    if "random" in names:
        shares = [
            MISSING if not (share := summary.worse_share(name))[1] else f"{share[0]} of {share[1]}" for name in names
        ]
        rows.append(("worse than random", shares))
    wasted = [summary.wasted(name) for name in names]
    if any(share is not None for share in wasted):
        rows.append(("labels wasted", [percent(share) for share in wasted]))
    return rows


def _sets(count: int) -> str:
    return f"{count} data set{'s' if count != 1 else ''}"
