"""Matrix of wins, ties and losses of every pair of strategies over the data sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from alrl.evaluation.curves import Floats
from alrl.reports.figures.canvas import COLUMN, SMALLEST, WIDTH, headline, narrow, new_figure, style_of, text_width
from alrl.reports.figures.style import EMPHASIS
from alrl.reports.summary import Summary

_MAP = LinearSegmentedColormap.from_list("outcomes", [EMPHASIS, "#F7F7F7", "#0072B2"])


_Form = Literal["record", "balance", "colour"]
"""What stands in a cell: wins, ties and losses; wins less losses; nothing."""
_LINES: dict[_Form, tuple[float, float]] = {"record": (0.36, 0.26), "balance": (0.21, 0.19), "colour": (0.21, 0.115)}
"""Inches of a row on a page and in a column."""


def outcome_matrix(summary: Summary, *, mark: str = "", width: float = WIDTH) -> Figure:
    """Return wins, ties and losses of each row against each column, in at most ``width`` inches.

    Blue where wins prevail, vermilion where losses do. A cell without room for the record holds wins less losses, and
    one without room for these its colour alone. In a column the matrix's columns bear the numbers of its rows.
    """
    order = sorted(summary.strategies, key=lambda name: summary.ranks.get(name, np.inf))
    k, sets, column = len(order), len(summary.data_sets), narrow(width)
    with mpl.rc_context(style_of(width)):
        labels = max(text_width(f"{name}  {k}", 6.5, "bold") for name in order)
        room = (width - (labels + 0.2 if column else 2.1)) / k
        form = _form(room, sets, SMALLEST if column else 7.5)
        height = _LINES[form][column] * k + (0.9 if column else 1.9) + (0.6 if form == "colour" else 0)
        figure = new_figure((width if column else min(max(2.1 + 0.72 * k, COLUMN), width), height))
        axes = figure.add_subplot()
        balance = _fill(axes, summary, order, form, 7.5 if form == "record" and not column else SMALLEST)
        image = axes.imshow(np.ma.masked_invalid(balance), cmap=_MAP, vmin=-1, vmax=1, aspect="auto")
        if column:
            axes.set_yticks(range(k), [f"{name}  {number}" for number, name in enumerate(order, 1)])
            step = math.ceil((text_width(str(k), 6.5) + 0.03) / room)
            axes.set_xticks(range(0, k, step), [str(number) for number in range(1, k + 1, step)])
        else:
            axes.set_yticks(range(k), order)
            slant = 30 if form == "record" else 60
            axes.set_xticks(range(k), order, rotation=slant, ha="left", rotation_mode="anchor")
        _frame(axes, order, summary.emphasis)
        if form == "colour":
            bar = figure.colorbar(image, ax=axes, orientation="horizontal", aspect=40, pad=0.02, ticks=[-1, 0, 1])
            bar.set_ticklabels(["loses on all", "as often", "wins on all"])
            bar.outline.set_linewidth(0)
        note = (
            f"{'Wins–ties–losses' if form == 'record' else 'Wins less losses'} of the row against the column over"
            f" {sets} data sets, AUBC of {summary.metric.replace('_', ' ')}:\n"
            "a win where the whole 95 % Student-t interval of the paired difference is above zero."
        )
        headline(figure, note, mark)
    return figure


def _form(room: float, sets: int, size: float) -> _Form:
    """Return what has room in a cell of that many inches, a record in letters of ``size``."""
    if room >= text_width(f"{sets}–{sets}–{sets}", size) + 0.02:
        return "record"
    return "balance" if room >= text_width(f"+{sets}", SMALLEST) + 0.02 else "colour"


def _fill(axes: Axes, summary: Summary, order: Sequence[str], form: _Form, size: float) -> Floats:
    """Write what stands in each cell; return wins less losses as shares of the data sets, nan on the diagonal."""
    balance = np.full((len(order), len(order)), np.nan)
    for row, name in enumerate(order):
        for column, other in enumerate(order):
            if name == other:
                continue
            wins, ties, losses = summary.record(name, other)
            share = (wins - losses) / max(wins + ties + losses, 1)
            balance[row, column] = share
            less = f"{wins - losses:+d}".replace("-", "−") if wins != losses else "0"
            text = {"record": f"{wins}–{ties}–{losses}", "balance": less, "colour": ""}[form]
            colour = "white" if share > 0.9 else "#1A1A1A"
            if text:
                axes.annotate(text, (column, row), ha="center", va="center", fontsize=size, color=colour)
    return balance


def _frame(axes: Axes, order: Sequence[str], emphasis: str | None) -> None:
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        for place, text in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
            text.set_fontweight("bold" if order[round(float(place))] == emphasis else "normal")
