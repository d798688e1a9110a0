"""Show when querying pays: labels that must be saved at given prices, and labels that were saved."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from alrl.evaluation import statistics
from alrl.evaluation.curves import Floats
from alrl.reports.figures.canvas import WIDTH, headline, narrow, new_figure, style_of
from alrl.reports.figures.style import EMPHASIS, MANY, Looks, looks_of
from alrl.reports.summary import Summary

_RATIOS = np.logspace(-4, 1, 121)
_ROUNDS = (2, 5, 10, 20)
NEVER = -6.0
"""Height at which a target that was never reached is drawn, in percent."""


def break_even(summary: Summary, *, mark: str = "", looks: Looks | None = None, width: float = WIDTH) -> Figure:
    """Return what must be saved by price of computing and number of rounds, and what was saved, a dot a data set.

    Side by side on a page, one below the other in a column of ``width`` inches.
    """
    with mpl.rc_context(style_of(width)):
        looks = looks_of(summary.strategies, looks, summary.emphasis)
        stacked = narrow(width)
        lying = stacked or len(looks) > MANY
        if stacked:
            lines = 0.5 + 0.14 * len(looks)
            figure = new_figure((width, 2.6 + lines))
            first, second = figure.subplots(2, 1, height_ratios=(2.0, lines))
        else:
            figure = new_figure((width, max(3.5, 1.3 + 0.17 * len(looks)) if lying else 3.5))
            first, second = figure.subplots(1, 2, width_ratios=(1.15, 1), sharey=not lying)
        _needed(first, summary.rounds)
        _saved(second, summary, looks, lying)
        first.set_ylim(-12, 103)
        first.set_yticks(range(0, 101, 20))
        first.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        first.set_ylabel("Labels saved")
        beside = "\n" if stacked else " "
        first.set_xlabel(f"Price of training on one record{beside}/ price of a label")
        places = ("Above", "Below") if stacked else ("Left", "Right")
        note = (
            f"{places[0]}: querying in R equal rounds pays above the line; this study has R = {summary.rounds}.\n"
            f"{places[1]}: labels saved in reaching what {summary.baseline} reaches with all of them: a dot a data set,"
            " the median as a bar; below 0: never reached."
        )
        headline(figure, note, mark)
    return figure


def _needed(axes: Axes, own: int) -> None:
    for rounds in sorted({*_ROUNDS, own}):
        if rounds == 1:
            continue
        share = [100 * statistics.break_even(1.0, float(ratio), rounds) for ratio in _RATIOS]
        ours = rounds == own
        axes.semilogx(_RATIOS, share, color=EMPHASIS if ours else "#555555", linewidth=1.9 if ours else 0.9)
        axes.annotate(
            f"R = {rounds}",
            (float(_RATIOS[-1]), share[-1]),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            color=EMPHASIS if ours else "#555555",
        )
    axes.margins(x=0)


def _saved(axes: Axes, summary: Summary, looks: Looks, lying: bool) -> None:
    """Draw a dot a data set; many strategies have a line each, on which their names can be read, the best on top."""
    heights = {name: _heights(summary, name) for name in looks if name != summary.baseline}
    names = list(heights)
    if lying:
        names.sort(key=lambda name: -middle(heights[name]) if heights[name].size else np.inf)
    for place, name in enumerate(names):
        shown = heights[name]
        # Spread by rank, so that equal savings stand side by side and nothing is drawn by chance.
        across = place + (np.argsort(np.argsort(shown, kind="stable")) % 7 - 3) / 14
        x, y = (shown, across) if lying else (across, shown)
        axes.scatter(x, y, s=9, color=looks[name].colour, alpha=0.75, linewidths=0, zorder=3)
        if shown.size:
            ends, height = np.array([place - 0.3, place + 0.3]), np.full(2, middle(shown))
            x, y = (height, ends) if lying else (ends, height)
            axes.plot(x, y, color=looks[name].colour, linewidth=2, zorder=4)
    if lying:
        _lie(axes, names)
        return
    axes.axhline(0, color="#333333", linewidth=0.8, zorder=1)
    axes.text(
        len(names) - 0.45, NEVER, "never", va="center", ha="left", fontsize="small", color="#555555", clip_on=False
    )
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.6, len(names) - 0.4)


def _heights(summary: Summary, name: str) -> Floats:
    """Return the labels saved on each data set in percent, ``NEVER`` where the target was not reached."""
    cells = [summary.cells.get((data_set, name)) for data_set in summary.data_sets]
    saved = np.array([100 * cell.saving.value for cell in cells if cell is not None and cell.saving is not None])
    return np.where(np.isfinite(saved), saved, NEVER)


def middle(heights: Floats) -> float:
    """Return the median; ``NEVER`` where it lies between a target that was never reached and one that was.

    >>> middle(np.array([NEVER, 3.0])), middle(np.array([NEVER, 3.0, 5.0])), middle(np.array([1.0, 3.0]))
    (-6.0, 3.0, 2.0)
    """
    low, high = (float(np.quantile(heights, 0.5, method=way)) for way in ("lower", "higher"))
    return low if low == NEVER else (low + high) / 2


def _lie(axes: Axes, names: Sequence[str]) -> None:
    axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
    axes.text(NEVER, -0.7, "never", va="bottom", ha="center", fontsize="small", color="#555555", clip_on=False)
    axes.set_yticks(range(len(names)), names, fontsize="small")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-12, 103)
    axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    axes.set_xlabel("Labels saved")
