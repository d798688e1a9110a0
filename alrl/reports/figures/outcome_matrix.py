"""Matrix of wins, ties and losses of every pair of strategies over the data sets."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from alrl.reports.figures.canvas import COLUMN, WIDTH, headline, new_figure
from alrl.reports.figures.style import EMPHASIS, STYLE
from alrl.reports.summary import Summary

_MAP = LinearSegmentedColormap.from_list("outcomes", [EMPHASIS, "#F7F7F7", "#0072B2"])


def outcome_matrix(summary: Summary, *, mark: str = "") -> Figure:
    """Return wins, ties and losses of each row against each column.

    Blue where wins prevail, vermilion where losses do.
    """
    order = sorted(summary.strategies, key=lambda name: summary.ranks.get(name, np.inf))
    k = len(order)
    with mpl.rc_context(STYLE):
        # A record takes half an inch: of many strategies there is room for the balance alone.
        brief = 2.1 + 0.5 * k > WIDTH
        width = min(max(2.1 + 0.72 * k, COLUMN), WIDTH)
        figure = new_figure((width, 1.9 + (0.21 if brief else 0.36) * k))
        axes = figure.add_subplot()
        balance = np.full((k, k), np.nan)
        for row, name in enumerate(order):
            for column, other in enumerate(order):
                if name != other:
                    wins, ties, losses = summary.record(name, other)
                    balance[row, column] = (wins - losses) / max(wins + ties + losses, 1)
                    less = f"{wins - losses:+d}" if wins != losses else "0"
                    record = less.replace("-", "−") if brief else f"{wins}–{ties}–{losses}"
                    _cell(axes, column, row, record, float(balance[row, column]), 6 if brief else 7.5)
        axes.imshow(np.ma.masked_invalid(balance), cmap=_MAP, vmin=-1, vmax=1, aspect="auto")
        axes.set_xticks(range(k), order, rotation=60 if brief else 30, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(k), order)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        for texts in (axes.get_xticklabels(), axes.get_yticklabels()):
            for text, name in zip(texts, order, strict=True):
                text.set_fontweight("bold" if name == summary.emphasis else "normal")
        what = "Wins less losses" if brief else "Wins–ties–losses"
        note = (
            f"{what} of the row against the column over {len(summary.data_sets)} data sets, AUBC of"
            f" {summary.metric.replace('_', ' ')}:\n"
            "a win where the whole 95 % bootstrap interval of the paired difference is above zero."
        )
        headline(figure, note, mark)
    return figure


def _cell(axes: Axes, x: int, y: int, text: str, balance: float, size: float) -> None:
    axes.annotate(text, (x, y), ha="center", va="center", fontsize=size, color="white" if balance > 0.9 else "#1A1A1A")
