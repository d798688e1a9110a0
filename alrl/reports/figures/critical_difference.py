"""Mean ranks on one line, with bars over strategies that Nemenyi's test does not tell apart (Demšar 2006)."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alrl.errors import InvalidDataError
from alrl.evaluation.statistics import SMALLEST_SAMPLE, cliques
from alrl.reports.figures.canvas import WIDTH, headline, new_figure
from alrl.reports.figures.style import STYLE, Looks, Style, looks_of
from alrl.reports.summary import Summary

_STEP = 0.26
"""Inches between two lines of names."""
_TICKS = 12
"""Ranks that the ruler has room to number."""


def critical_difference(summary: Summary, *, mark: str = "", looks: Looks | None = None) -> Figure:
    """Return critical-difference diagram of a summary's mean ranks; best on the left.

    Raises InvalidDataError if the summary has no Friedman test: fewer than three strategies or six data sets.
    """
    if summary.friedman is None:
        raise InvalidDataError(
            f"{len(summary.strategies)} strategies on {len(summary.ranked)} data sets given; a critical difference"
            f" needs 3 strategies and {SMALLEST_SAMPLE} data sets on which all of them ran"
        )
    looks = looks_of(summary.strategies, looks, summary.emphasis)
    groups = cliques(summary.ranks, summary.friedman.critical_difference)
    order = sorted(summary.ranks, key=lambda name: summary.ranks[name])
    left = (len(order) + 1) // 2
    height = 1.0 + 0.12 * len(groups) + _STEP * left
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDTH, height))
        axes = figure.add_subplot()
        axes.set_axis_off()
        k = len(order)
        margin = 0.42 * (k - 1)
        axes.set(xlim=(1 - margin, k + margin), ylim=(height, 0))
        _ruler(axes, k, summary.friedman.critical_difference)
        for level, group in enumerate(groups):
            y = 0.72 + 0.12 * level
            ends = summary.ranks[group[0]] - 0.03, summary.ranks[group[-1]] + 0.03
            axes.plot(ends, [y, y], color="#333333", linewidth=3, solid_capstyle="round")
        for place, name in enumerate(order):
            below = 0.9 + 0.12 * len(groups)
            on_left = place < left
            row = place if on_left else len(order) - 1 - place
            _name(
                axes,
                summary,
                looks[name],
                name,
                below + _STEP * row,
                1 - 0.06 * (k - 1) if on_left else k + 0.06 * (k - 1),
            )
        test = summary.friedman
        note = (
            f"Mean ranks over {len(summary.ranked)} data sets, AUBC of {summary.metric.replace('_', ' ')}, 1 is best."
            f" Friedman χ² = {test.chi_square:.2f}, F = {test.f:.2f} (p = {test.p_f:.2g}).\n"
            "Strategies under one bar: no difference at 0.05 (Nemenyi)."
        )
        headline(figure, note, mark)
    return figure


def _ruler(axes: Axes, k: int, distance: float) -> None:
    axes.plot([1, k], [0.55, 0.55], color="#333333", linewidth=0.8)
    for rank in range(1, k + 1):
        axes.plot([rank, rank], [0.49, 0.55], color="#333333", linewidth=0.8)
        if rank not in {1, k} and (k > _TICKS and (rank % (1 + k // _TICKS) or k - rank < k // _TICKS)):
            continue
        axes.annotate(str(rank), (rank, 0.46), ha="center", va="bottom", fontsize=8)
    axes.plot([1, 1 + distance], [0.17, 0.17], color="#333333", linewidth=1.2, marker="|", markersize=6)
    axes.annotate(
        f"critical difference {distance:.2f}",
        (1 + distance, 0.17),
        (6, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


def _name(axes: Axes, summary: Summary, look: Style, name: str, y: float, end: float) -> None:
    rank = summary.ranks[name]
    axes.plot([rank, rank, end], [0.55, y, y], color=look.colour, linewidth=1.0, solid_joinstyle="miter")
    left = end < rank
    axes.annotate(
        f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}",
        (end, y),
        (-4 if left else 4, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=8,
        fontweight="bold" if name == summary.emphasis else "normal",
    )
