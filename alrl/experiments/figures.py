"""Figures of a comparison for print: learning curves, differences to a reference, AUBC and ranks.

Drawn with matplotlib's objects alone, so nothing global changes; the same numbers and versions give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from alrl.experiments.summary import Summary
from alrl.loop.comparison import Comparison
from alrl.loop.curves import Interval, Metric, mean_interval

OKABE_ITO = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours that the colour-blind tell apart (Okabe and Ito 2008), vermillion kept for the emphasised strategy."""
EMPHASIS = "#D55E00"
RANDOM = "#7F7F7F"
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5), (3, 1), (8, 2))
_MARKERS = ("s", "^", "D", "v", "P", "X", "<", ">", "h", "p")
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}
_WIDTH = 7.0
_ROOMY = 10
_COLUMNS = 3


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a strategy looks, in figures and on the page alike."""

    colour: str
    dashes: tuple[float, ...]
    """Lengths of strokes and gaps in points; empty for a solid line."""
    width: float
    marker: str
    order: int
    """Drawing order, higher in front."""

    @property
    def line(self) -> dict[str, Any]:
        """As keywords of ``Axes.plot``."""
        dashes: Any = (0, self.dashes) if self.dashes else "solid"
        return {"color": self.colour, "linestyle": dashes, "linewidth": self.width, "zorder": self.order}


def styles(strategies: Sequence[str], emphasis: str | None = None) -> dict[str, Style]:
    """One look a strategy, in the order of a legend: the emphasised one first, thick and vermillion, random last.

    Rules are thin, and told apart by colour and by strokes.

    >>> looks = styles(["random", "margin", "general"], emphasis="general")
    >>> list(looks), looks["general"].colour, looks["random"].dashes
    (['general', 'margin', 'random'], '#D55E00', (4, 2))
    """
    looks = {}
    rules = [name for name in strategies if name not in {"random", emphasis}]
    for place, name in enumerate(rules):
        colour = OKABE_ITO[place % len(OKABE_ITO)]
        # The second round of colours meets other dashes, so that no two rules share both.
        dashes = _DASHES[(place + place // len(OKABE_ITO)) % len(_DASHES)]
        looks[name] = Style(colour=colour, dashes=dashes, width=1.1, marker=_MARKERS[place % len(_MARKERS)], order=3)
    looks["random"] = Style(colour=RANDOM, dashes=(4, 2), width=1.1, marker="x", order=2)
    if emphasis is not None:
        looks[emphasis] = Style(colour=EMPHASIS, dashes=(), width=1.9, marker="o", order=5)
    order = [name for name in (emphasis, *rules, "random") if name in strategies]
    return {name: looks[name] for name in order if name is not None}


def learning_curves(
    comparison: Comparison, *, metric: Metric = "accuracy", emphasis: str | None = None, mark: str = ""
) -> Figure:
    """Mean learning curves with 95 % bands, one panel a data set."""
    looks = styles(comparison.strategies, emphasis)

    def draw(axes: Axes, data_set: str) -> None:
        for name, look in looks.items():
            curves = comparison.get(data_set, name)
            if curves is not None:
                _band(axes, curves.interval(metric), look)

    label = f"Test {metric.replace('_', ' ')} (%)"
    return _grid(comparison, looks, draw, label, ("Shaded: 95 % interval of the mean over seeds.", mark))


def differences(
    comparison: Comparison,
    *,
    reference: str = "margin",
    metric: Metric = "accuracy",
    emphasis: str | None = None,
    mark: str = "",
) -> Figure:
    """Mean paired difference to ``reference`` along the budget with 95 % bands, one panel a data set."""
    looks = styles(comparison.strategies, emphasis)
    shown = {name: look for name, look in looks.items() if name != reference}

    def draw(axes: Axes, data_set: str) -> None:
        axes.axhline(0, color="#333333", linewidth=0.8, zorder=1)
        for name, look in shown.items():
            pair = comparison.pair(data_set, name, reference)
            if pair is not None:
                _band(axes, mean_interval(pair[0].values(metric) - pair[1].values(metric)), look)

    label = f"{metric.replace('_', ' ').capitalize()} minus {reference} (points)"
    note = "Shaded: 95 % interval of the mean paired difference over seeds."
    return _grid(comparison, shown, draw, label, (note, mark))


def ranking(summary: Summary, *, mark: str = "") -> Figure:
    """AUBC against the reference on each data set with 95 % intervals, and mean ranks over data sets."""
    looks = styles(summary.strategies, summary.emphasis)
    shown = {name: look for name, look in looks.items() if name != summary.reference}
    # Many data sets share a page: their rows are closer.
    row = max(0.16 * len(shown) + 0.12, 0.3) if len(summary.data_sets) <= _ROOMY else 0.38
    height = 1.5 + row * len(summary.data_sets)
    with mpl.rc_context(STYLE):
        figure = _figure((_WIDTH, max(height, 1.5 + 0.24 * len(looks))))
        left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
        _dots(left, summary, shown)
        _ranks(right, summary, looks)
        note = f"Bars: 95 % bootstrap interval of the paired difference. Ranks over {len(summary.ranked)} data sets."
        _legend(figure, shown, note, mark, with_markers=True)
    return figure


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write ``stem``.png (200 dots an inch) and ``stem``.pdf without time or version stamps, making the folder."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    png, pdf = stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".pdf")
    with mpl.rc_context(STYLE):
        # Laying out is the slow part; once serves both files.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.savefig(png, dpi=200, metadata={"Software": None})
        figure.savefig(pdf, metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return png, pdf


def _figure(size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _grid(
    comparison: Comparison,
    looks: Mapping[str, Style],
    draw: Callable[[Axes, str], None],
    label: str,
    words: tuple[str, str],
) -> Figure:
    count = len(comparison.data_sets)
    # Four panels make a square; three in a row would leave one alone.
    columns = 2 if count == 4 else min(count, _COLUMNS)
    rows = -(-count // columns)
    with mpl.rc_context(STYLE):
        figure = _figure((_WIDTH if columns > 1 else 4.5, 0.9 + {1: 3.0, 2: 2.3}.get(columns, 1.95) * rows))
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, data_set in zip(panels, comparison.data_sets, strict=False):
            draw(axes, data_set)
            axes.set_title(data_set, loc="left")
            axes.margins(x=0.01)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        for axes in panels[count:]:
            axes.remove()
        figure.supxlabel("Queried labels (count)", fontsize=8.5)
        figure.supylabel(label, fontsize=8.5)
        _legend(figure, looks, *words)
    return figure


def _band(axes: Axes, interval: Interval, look: Style) -> None:
    at = np.arange(interval.mean.size)
    mean, low, high = (100 * part for part in interval)
    axes.plot(at, mean, **look.line, solid_capstyle="round")
    if not np.isnan(low).any():
        strength = 0.22 if look.order == 5 else 0.12
        axes.fill_between(at, low, high, color=look.colour, alpha=strength, linewidth=0, zorder=look.order - 1)


def _dots(axes: Axes, summary: Summary, shown: Mapping[str, Style]) -> None:
    step = 0.8 / max(len(shown), 1)
    axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
    for row, data_set in enumerate(summary.data_sets):
        if row % 2:
            axes.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", linewidth=0, zorder=0)
        for place, (name, look) in enumerate(shown.items()):
            cell = summary.cells.get((data_set, name))
            found = cell.against_reference if cell else None
            if found is not None:
                y = row + (place - (len(shown) - 1) / 2) * step
                if np.isfinite(found.low):
                    axes.plot([found.low, found.high], [y, y], color=look.colour, linewidth=look.width * 0.8, zorder=3)
                _dot(axes, found.value, y, look)
    axes.set_yticks(range(len(summary.data_sets)), summary.data_sets)
    axes.set_ylim(len(summary.data_sets) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"AUBC minus {summary.reference} (points)", fontsize=8.5)


def _ranks(axes: Axes, summary: Summary, looks: Mapping[str, Style]) -> None:
    order = sorted(summary.ranks, key=lambda name: summary.ranks[name])
    for row, name in enumerate(order):
        _dot(axes, summary.ranks[name], row, looks[name])
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
    axes.set_xlim(0.8, len(summary.strategies) + 0.9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Mean rank (1 is best)", fontsize=8.5)


def _dot(axes: Axes, x: float, y: float, look: Style) -> None:
    size = 5.5 if look.order == 5 else 4
    axes.plot([x], [y], marker=look.marker, color=look.colour, markersize=size, linestyle="none", zorder=look.order + 1)


def _legend(figure: Figure, looks: Mapping[str, Style], note: str, mark: str, with_markers: bool = False) -> None:
    handles = []
    for look in looks.values():
        if with_markers:
            handles.append(
                Line2D([], [], color=look.colour, marker=look.marker, linewidth=look.width * 0.8, markersize=4.5)
            )
        else:
            handles.append(Line2D([], [], **look.line))
    title = f"{mark}\n{note}" if mark else note
    box = figure.legend(
        handles,
        list(looks),
        loc="outside upper center",
        ncols={5: 5, 6: 3}.get(len(looks), min(len(looks), 4)),
        handlelength=3,
        columnspacing=1.6,
        title=title,
        title_fontsize=7,
    )
    box.get_title().set_multialignment("center")
    box.get_title().set_color("#B00020" if mark else "#555555")
