"""Mean ranks on one line, with bars over strategies that Nemenyi's test does not tell apart (Demšar 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alrl.errors import InvalidDataError
from alrl.evaluation.statistics import SMALLEST_SAMPLE, cliques
from alrl.reports.figures.canvas import SMALLEST, WIDTH, dot, headline, narrow, new_figure, style_of, text_width
from alrl.reports.figures.style import Looks, Style, looks_of
from alrl.reports.summary import Summary

_TICKS = 12
"""Ranks that the ruler of a page has room to number."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Where what belongs to a diagram of ranks from 1 to ``count`` stands."""

    count: int
    on_left: int
    """Names on the left, the best on top; the others on the right."""
    margins: tuple[float, float]
    """Room on both sides of the ruler, in ranks."""
    ticks: int
    step: float
    """Inches between two lines of names."""
    size: float
    """Points of their letters."""


def critical_difference(
    summary: Summary, *, mark: str = "", looks: Looks | None = None, width: float = WIDTH
) -> Figure:
    """Return critical-difference diagram of a summary's mean ranks; best on the left.

    All names stand on the left where ``width`` inches have no room for them on both sides.

    Raises InvalidDataError if the summary has no Friedman test: fewer than three strategies or six data sets.
    """
    if summary.friedman is None:
        raise InvalidDataError(
            f"{len(summary.strategies)} strategies on {len(summary.ranked)} data sets given; a critical difference"
            f" needs 3 strategies and {SMALLEST_SAMPLE} data sets on which all of them ran"
        )
    looks = looks_of(summary.strategies, looks, summary.emphasis)
    test, groups = summary.friedman, cliques(summary.ranks, summary.friedman.critical_difference)
    order = sorted(summary.ranks, key=lambda name: summary.ranks[name])
    with mpl.rc_context(style_of(width)):
        plan = _plan(order, width)
        below = 0.9 + 0.12 * len(groups)
        height = below + plan.step * max(plan.on_left, len(order) - plan.on_left) + 0.1
        figure = new_figure((width, height + (0.5 if narrow(width) else 0)))
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set(xlim=(1 - plan.margins[0], plan.count + plan.margins[1]), ylim=(height, 0))
        _ruler(axes, plan, test.critical_difference)
        for level, group in enumerate(groups):
            y = 0.72 + 0.12 * level
            ends = summary.ranks[group[0]] - 0.03, summary.ranks[group[-1]] + 0.03
            axes.plot(ends, [y, y], color="#333333", linewidth=3, solid_capstyle="round")
        for place, name in enumerate(order):
            row = place if place < plan.on_left else len(order) - 1 - place
            end = 1 - 0.06 * (plan.count - 1) if place < plan.on_left else plan.count + 0.06 * (plan.count - 1)
            _name(axes, summary, looks[name], name, below + plan.step * row, end, plan.size)
        note = (
            f"Mean ranks over {len(summary.ranked)} data sets, AUBC of {summary.metric.replace('_', ' ')}, 1 is best."
            f" Friedman χ² = {test.chi_square:.2f}, F = {test.f:.2f} (p = {test.p_f:.2g}).\n"
            "Strategies under one bar: no difference at 0.05 (Nemenyi)."
        )
        headline(figure, note, mark)
    return figure


def _plan(order: Sequence[str], width: float) -> _Plan:
    """Return where names stand: on both sides of the ruler if that leaves it four tenths of the width."""
    # A name, two spaces and a rank, and the gap to the line; names that would take most of the ruler are smaller.
    size = float(mpl.rcParams["font.size"])
    if _room(order, size) > 0.55 * width:
        size = SMALLEST
    room = _room(order, size)
    both = 2 * room <= 0.6 * width
    ruler = max(width - 0.1 - (2 * room if both else room + 0.15), 0.4) / 1.12
    ranks = (len(order) - 1) / ruler
    margin = room * ranks + 0.06 * (len(order) - 1)
    return _Plan(
        count=len(order),
        on_left=(len(order) + 1) // 2 if both else len(order),
        margins=(margin, margin if both else 0.15 * ranks),
        ticks=_TICKS if ruler > 2.5 else _TICKS // 2,
        step=0.26 if both and not narrow(width) else 0.14,
        size=size,
    )


def _room(order: Sequence[str], size: float) -> float:
    return max(text_width(f"{name}  00.00", size, "bold") for name in order) + 0.15


def _ruler(axes: Axes, plan: _Plan, distance: float) -> None:
    k = plan.count
    line: dict[str, Any] = {"color": "#333333", "linewidth": 0.8}
    axes.plot([1, k], [0.55, 0.55], **line)
    for rank in range(1, k + 1):
        axes.plot([rank, rank], [0.49, 0.55], **line)
        if rank not in {1, k} and (k > plan.ticks and (rank % (1 + k // plan.ticks) or k - rank < k // plan.ticks)):
            continue
        axes.annotate(str(rank), (rank, 0.46), ha="center", va="bottom")
    axes.plot([1, 1 + distance], [0.17, 0.17], color="#333333", linewidth=1.2, marker="|", markersize=6)
    axes.annotate(
        f"critical difference {distance:.2f}",
        (1 + distance, 0.17),
        (6, 0),
        textcoords="offset points",
        va="center",
        fontsize="small",
    )


def _name(axes: Axes, summary: Summary, look: Style, name: str, y: float, end: float, size: float) -> None:
    """Draw the line from a rank to its name in the strategy's look, its marker beside the name."""
    rank = summary.ranks[name]
    axes.plot([rank, rank, end], [0.55, y, y], **look.line, solid_joinstyle="miter")
    dot(axes, end, y, look)
    left = end < rank
    axes.annotate(
        f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}",
        (end, y),
        (-5 if left else 5, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=size,
        fontweight="bold" if name == summary.emphasis else "normal",
    )
