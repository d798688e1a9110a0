"""AUBC against the reference on each data set, and mean ranks over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alrl.reports.figures.canvas import PAGE_HEIGHT, WIDTH, dot, legend, narrow, new_figure, style_of
from alrl.reports.figures.rows import Rows, rows
from alrl.reports.figures.style import MANY, Looks, Style, lanes, looks_of
from alrl.reports.summary import Summary

_ROOMY = 10
"""Data sets up to which each strategy has a line of its own."""


def ranking(summary: Summary, *, mark: str = "", looks: Looks | None = None, width: float = WIDTH) -> Figure:
    """Return AUBC against the reference on each data set with 95 % intervals, and mean ranks over data sets.

    Side by side on a page, one below the other in a column of ``width`` inches. Of more data sets than a page has rows
    for, those where the subject, or else the best by rank, gains most and least.
    """
    looks = looks_of(summary.strategies, looks, summary.emphasis)
    shown = {name: look for name, look in looks.items() if name != summary.reference}
    # Many data sets share a page: their rows are closer.
    count, sets = max(lanes(shown).values(), default=0) + 1, len(summary.data_sets)
    row = max((0.16 if len(shown) <= MANY else 0.12) * count + 0.12, 0.3) if sets <= _ROOMY else 0.38
    subject, gains = _gains(summary, list(shown))
    with mpl.rc_context(style_of(width)):
        if narrow(width):
            ranks = (0.16 if len(looks) <= MANY else 0.12) * len(looks)
            listed = rows(gains, PAGE_HEIGHT - 1.9 - ranks, min(0.7 * row, 0.42))
            dots = len(listed.names) * listed.height
            figure = new_figure((width, 1.9 + dots + ranks))
            upper, lower = figure.subplots(2, 1, height_ratios=(dots, ranks))
        else:
            listed = rows(gains, PAGE_HEIGHT - 1.5, row)
            dots = len(listed.names) * listed.height
            figure = new_figure((width, 1.5 + max(dots, (0.24 if len(looks) <= MANY else 0.18) * len(looks))))
            upper, lower = figure.subplots(1, 2, width_ratios=(1.7, 1))
        _dots(upper, summary, shown, listed)
        _ranks(lower, summary, looks)
        note = f"Bars: 95 % Student-t interval of the paired difference. Ranks over {len(summary.ranked)} data sets."
        note += " Grey dots may lie beyond the axis." if any(look.other for look in shown.values()) else ""
        note += listed.note(f"the {{0}} data sets where {subject} gains most and the {{0}} where it gains least")
        legend(figure, shown, note, mark, with_markers=True)
    return figure


def _gains(summary: Summary, shown: Sequence[str]) -> tuple[str, dict[str, float]]:
    """Return the subject, or else the best by rank, and its difference to the reference on each data set."""
    best = min(shown, key=lambda name: summary.ranks.get(name, np.inf), default=summary.reference)
    subject = summary.emphasis if summary.emphasis in shown and summary.emphasis is not None else best
    cells = {data_set: summary.cells.get((data_set, subject)) for data_set in summary.data_sets}
    estimates = {data_set: cell.against_reference if cell else None for data_set, cell in cells.items()}
    return subject, {data_set: each.value if each else 0.0 for data_set, each in estimates.items()}


def _dots(axes: Axes, summary: Summary, shown: Mapping[str, Style], listed: Rows) -> None:
    lane = lanes(shown)
    last = max(lane.values(), default=0)
    step = 0.8 / (last + 1)
    axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
    for row, data_set in enumerate(listed.names):
        if row % 2:
            axes.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", linewidth=0, zorder=0)
        for name, look in shown.items():
            cell = summary.cells.get((data_set, name))
            estimate = cell.against_reference if cell else None
            if estimate is not None:
                y = row + (lane[name] - last / 2) * step
                if np.isfinite(estimate.low) and not look.other:
                    axes.plot(
                        [estimate.low, estimate.high], [y, y], color=look.colour, linewidth=look.width * 0.8, zorder=3
                    )
                dot(axes, estimate.value, y, look)
    axes.set_xlim(_room(summary, shown, listed))
    listed.write_names(axes)
    axes.set_ylim(len(listed.names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"AUBC minus {summary.reference} (points)")


def _room(summary: Summary, shown: Mapping[str, Style], listed: Rows) -> tuple[float, float]:
    """Return the differences between which all that is told apart lies: grey dots may lie beyond."""
    ends = [0.0]
    for (data_set, name), cell in summary.cells.items():
        drawn = data_set in listed.names and name in shown and not shown[name].other
        if drawn and cell.against_reference is not None:
            estimate = cell.against_reference
            ends += [end for end in (estimate.low, estimate.value, estimate.high) if np.isfinite(end)]
    edge = 0.04 * (max(ends) - min(ends)) or 1.0
    return min(ends) - edge, max(ends) + edge


def _ranks(axes: Axes, summary: Summary, looks: Mapping[str, Style]) -> None:
    order = sorted(summary.ranks, key=lambda name: summary.ranks[name])
    for row, name in enumerate(order):
        dot(axes, summary.ranks[name], row, looks[name])
        axes.annotate(
            f"{summary.ranks[name]:.2f}",
            (summary.ranks[name], row),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    axes.set_yticks(range(len(order)), order)
    for text, name in zip(axes.get_yticklabels(), order, strict=True):
        text.set_fontweight("bold" if name == summary.emphasis else "normal")
    axes.set_ylim(len(order) - 0.5, -0.5)
    # Room for the first marker, and for the number beside the last.
    count = len(order)
    axes.set_xlim(1 - 0.04 * max(count, 4), 1.25 * count + 0.3)
    axes.set_xticks(range(1, count + 1, max(1, round(count / 6))))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Mean rank (1 is best)")
