"""The table over data sets: ranks, differences and tests, one row a strategy."""

from __future__ import annotations

import numpy as np

from alrl.evaluation.statistics import SMALLEST_SAMPLE, Estimate
from alrl.evaluation.table import MISSING, Table
from alrl.reports.summary import Summary
from alrl.reports.tables.aubc import percent

_HEADER = (
    "strategy",
    "mean rank",
    "wins / ties / losses",
    "IQM difference",
    "P(improvement)",
    "Wilcoxon p (Holm)",
    "worse than random",
)
_WASTED = "labels wasted"


def across_header(summary: Summary) -> tuple[str, ...]:
    """Return the columns; the labels wasted only where a pool was contaminated."""
    dirty = any(summary.wasted(name) is not None for name in summary.strategies)
    return (*_HEADER, _WASTED) if dirty else _HEADER


def across_rows(summary: Summary) -> list[list[str]]:
    """Return rows of text, best mean rank first; the columns are those of :func:`across_header`."""
    rows, dirty = [], _WASTED in across_header(summary)
    for name in sorted(summary.strategies, key=lambda each: summary.ranks.get(each, np.inf)):
        gap, chance = summary.interquartile.get(name), summary.improvement.get(name)
        p_value = None if summary.wilcoxon is None else summary.wilcoxon.get(name)
        worse, compared = summary.worse_share(name)
        rows.append(
            [
                name,
                f"{summary.ranks[name]:.2f}" if name in summary.ranks else MISSING,
                MISSING if name == summary.reference else " / ".join(map(str, summary.record(name))),
                MISSING if gap is None else _interval(gap, "+.2f"),
                MISSING if chance is None else _interval(chance, ".2f"),
                MISSING if p_value is None else f"{p_value:.2g}",
                f"{worse} of {compared}" if compared else MISSING,
                *([percent(summary.wasted(name))] if dirty else []),
            ]
        )
    return rows


def across_notes(summary: Summary) -> str:
    """Return what the columns mean, and the tests over all strategies."""
    text = (
        f"Against {summary.reference}, AUBC of {summary.metric.replace('_', ' ')} in points, over"
        f" {len(summary.ranked)} data sets on which every strategy ran. Intervals: 95 %, bootstrap over seeds within"
        " these data sets."
    )
    test = summary.friedman
    if test is None:
        return text + f" No test across data sets: it needs {SMALLEST_SAMPLE} of them, and Friedman's three strategies."
    return text + (
        f" Friedman χ² = {test.chi_square:.2f} (scipy's, corrected for ties: {test.chi_square_tied:.2f},"
        f" p = {test.p_tied:.2g}), Iman–Davenport F = {test.f:.2f} (p = {test.p_f:.2g}), Nemenyi critical difference"
        f" {test.critical_difference:.2f}."
    )


def across_table(summary: Summary, *, mark: str = "") -> Table:
    """Return the table over data sets, with what its columns mean below."""
    rows = tuple(map(tuple, across_rows(summary)))
    return Table(header=across_header(summary), rows=rows, notes=across_notes(summary), mark=mark)


def _interval(estimate: Estimate, number: str) -> str:
    if not np.isfinite(estimate.low):
        return f"{estimate.value:{number}}"
    return f"{estimate.value:{number}} ({estimate.low:{number}} to {estimate.high:{number}})"
