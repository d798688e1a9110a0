"""AUBC against the reference on each data set, and mean ranks over them."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alrl.reports.figures.canvas import WIDTH, dot, legend, new_figure
from alrl.reports.figures.style import MANY, STYLE, Looks, Style, lanes, looks_of
from alrl.reports.summary import Summary

_ROOMY = 10
"""Data sets up to which each strategy has a line of its own."""


def ranking(summary: Summary, *, mark: str = "", looks: Looks | None = None) -> Figure:
    """Return AUBC against the reference on each data set with 95 % intervals, and mean ranks over data sets."""
    looks = looks_of(summary.strategies, looks, summary.emphasis)
    shown = {name: look for name, look in looks.items() if name != summary.reference}
    # Many data sets share a page: their rows are closer.
    count = max(lanes(shown).values(), default=0) + 1
    row = max((0.16 if len(shown) <= MANY else 0.12) * count + 0.12, 0.3) if len(summary.data_sets) <= _ROOMY else 0.38
    height = 1.5 + row * len(summary.data_sets)
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDTH, max(height, 1.5 + (0.24 if len(looks) <= MANY else 0.18) * len(looks))))
        left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
        _dots(left, summary, shown)
        _ranks(right, summary, looks)
        note = f"Bars: 95 % Student-t interval of the paired difference. Ranks over {len(summary.ranked)} data sets."
        note += " Grey dots may lie beyond the axis." if any(look.other for look in shown.values()) else ""
        legend(figure, shown, note, mark, with_markers=True)
    return figure


def _dots(axes: Axes, summary: Summary, shown: Mapping[str, Style]) -> None:
    lane = lanes(shown)
    last = max(lane.values(), default=0)
    step = 0.8 / (last + 1)
    axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
    for row, data_set in enumerate(summary.data_sets):
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
    axes.set_xlim(_room(summary, shown))
    axes.set_yticks(range(len(summary.data_sets)), summary.data_sets)
    axes.set_ylim(len(summary.data_sets) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"AUBC minus {summary.reference} (points)", fontsize=8.5)


def _room(summary: Summary, shown: Mapping[str, Style]) -> tuple[float, float]:
    """Return the differences between which all that is told apart lies: grey dots may lie beyond."""
    ends = [0.0]
    for (_, name), cell in summary.cells.items():
        if name in shown and not shown[name].other and cell.against_reference is not None:
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
            fontsize=7.5,
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
    axes.set_xlabel("Mean rank (1 is best)", fontsize=8.5)
