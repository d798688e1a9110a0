"""The tables of the page, in HTML: each scrolls by itself on a narrow screen and can be reached by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from alrl.evaluation.statistics import Estimate
from alrl.evaluation.table import MISSING, Markup, Row, Table
from alrl.reports.summary import AreaSummary, Summary
from alrl.reports.tables.across import across_table, ratings_table
from alrl.reports.tables.aubc import caption, count, foot, notes


def headline(summary: Summary) -> str:
    """Return one sentence: how the strategy that the study is about does against the reference; empty without one."""
    name = summary.emphasis
    across = summary.across.get(name) if name else None
    if name is None or across is None:
        return ""
    wins, ties, losses = summary.record(name)
    metric = summary.metric.replace("_", " ")
    record = f'<span class="win">{_count(wins, "win")}</span>, {_count(ties, "tie")}, '
    return (
        f'<p class="headline"><strong>{escape(name)}</strong> against <strong>{escape(summary.reference)}</strong>, '
        f"AUBC of {metric}: mean of the paired differences {_signed(across.mean)} points over data sets, worst "
        f"{_plus(across.worst[1])} on {escape(across.worst[0])}; midmean {_signed(across.midmean)}; by data set "
        f'{record}<span class="loss">{_count(losses, "loss")}</span>.</p>'
    )


def aubc_table(summary: Summary) -> str:
    """Return AUBC, mean ± interval, best bold, worse than random marked, with ranks and wins, ties and losses below."""
    body = [
        (name, [_aubc(summary.cells.get((name, strategy))) for strategy in summary.strategies])
        for name in summary.data_sets
    ]
    below = [(label, [escape(text) for text in texts]) for label, texts in foot(summary)]
    return _table(summary, caption(summary), body, below) + f'<p class="note">{escape(notes(summary))}</p>'


def difference_table(summary: Summary) -> str:
    """Return paired differences of AUBC to the reference with their Student-t intervals and outcomes.

    One row a data set.
    """
    rows = []
    for name in summary.data_sets:
        cells = [summary.cells.get((name, strategy)) for strategy in summary.strategies]
        rows.append((name, [MISSING if cell is None else _outcome(cell.against_reference) for cell in cells]))
    text = f"AUBC minus {summary.reference} in points, paired by seed, with 95 % Student-t interval"
    return _table(summary, text, rows, [])


def across_tables(summary: Summary) -> str:
    """Return differences, tests and ratings over data sets, one row a strategy, with what the columns mean."""
    parts = []
    for table in (across_table(summary), ratings_table(summary)):
        parts.append(table.to_html())
        parts.append(f'<p class="note">{escape(table.notes)}</p>')
    return "".join(parts)


def budget_tables(summary: Summary) -> str:
    """Return labels to the target, area over log labels and deficiency, one table each."""
    texts: dict[str, Callable[[AreaSummary], str]] = {
        f"Queried labels until the mean curve reaches what {summary.baseline} reaches at the end, with 95 % bootstrap"
        " interval; ∞ where it never does": _needed,
        "AreaSummary over log2 of all labels, in points": lambda cell: f"{cell.log_area:.2f}",
        f"Deficiency against {summary.reference} (Baram et al. 2004); below 1 is more efficient": lambda cell: (
            MISSING if np.isnan(cell.deficiency) else f"{cell.deficiency:.2f}"
        ),
    }
    parts = []
    for text, show in texts.items():
        rows = []
        for name in summary.data_sets:
            cells = [summary.cells.get((name, strategy)) for strategy in summary.strategies]
            rows.append((name, [MISSING if cell is None else show(cell) for cell in cells]))
        parts.append(_table(summary, text, rows, []))
    return "".join(parts)


def _needed(cell: AreaSummary) -> str:
    if cell.needed is None:
        return MISSING
    low, high = (count(each) for each in (cell.needed.low, cell.needed.high))
    return f"{count(cell.needed.value)} {_small(f'{low} to {high}')}"


def plain_table(text: str, header: list[str], rows: list[tuple[str, list[str]]]) -> str:
    """Return a table of words; the cells are HTML, the labels text."""
    return _grid(text, header, rows, [], None).replace("<table>", '<table class="wide">')


def definitions(values: Mapping[str, Any]) -> str:
    """Return a nested mapping as a list of terms."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in _flat(values))
    return f"<dl>{items}</dl>"


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for name, value in values.items():
        if isinstance(value, Mapping) and any(isinstance(each, Mapping) for each in value.values()):
            rows += _flat(value, f"{prefix}{name} ")
        else:
            rows.append((f"{prefix}{name}", _text(value)))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        separator = "; " if any(isinstance(each, Mapping) for each in value) else ", "
        return separator.join(_text(each) for each in value)
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "none"}[value]
    return str(value)


def _aubc(cell: AreaSummary | None) -> str:
    if cell is None:
        return MISSING
    text = f"{cell.mean:.2f}" + ("" if np.isnan(cell.half_width) else f" {_small(f'± {cell.half_width:.2f}')}")
    if cell.best:
        text = f'<strong class="best">{text}</strong>'
    if cell.worse_than_random:
        text += (
            ' <span class="worse" title="worse than random: 95 % interval of the paired difference below zero">↓</span>'
        )
    return text


def _outcome(estimate: Estimate | None) -> str:
    if estimate is None:
        return MISSING
    interval = f"<br>{_small(f'{_plus(estimate.low)} to {_plus(estimate.high)}')}" if np.isfinite(estimate.low) else ""
    return f'{_plus(estimate.value)} <span class="{estimate.outcome}">{estimate.outcome}</span>{interval}'


def _signed(estimate: Estimate) -> str:
    if not np.isfinite(estimate.low):
        return _plus(estimate.value)
    return f"{_plus(estimate.value)} {_small(f'{_plus(estimate.low)} to {_plus(estimate.high)}')}"


def _plus(value: float) -> str:
    """With its sign, a minus being one."""
    return f"{value:+.2f}".replace("-", "−")


def _small(text: str) -> str:
    return f'<span class="small">{text}</span>'


def _count(number: int, noun: str) -> str:
    plural = {"loss": "losses"}.get(noun, noun + "s")
    return f"{number} {noun if number == 1 else plural}"


def _table(summary: Summary, text: str, body: list[tuple[str, list[str]]], below: list[tuple[str, list[str]]]) -> str:
    return _grid(text, ["data set", *summary.strategies], body, below, summary.emphasis)


def _grid(
    text: str,
    header: list[str],
    body: list[tuple[str, list[str]]],
    below: list[tuple[str, list[str]]],
    emphasis: str | None,
) -> str:
    """Return a table whose cells are HTML already."""

    def rows(of: list[tuple[str, list[str]]]) -> tuple[Row, ...]:
        return tuple((label, *map(Markup, cells)) for label, cells in of)

    table = Table(header=tuple(header), rows=rows(body), foot=rows(below), caption=text, emphasis=emphasis)
    return table.to_html()
