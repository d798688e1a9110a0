"""Shared parts of figures: a canvas, panels, bands, a legend, and files of the same bytes each time."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Interval
from alrl.reports.figures.style import COLUMN_STYLE, STYLE, Style

COLUMN, TEXT, WIDTH = 3.5, 5.5, 7.16
"""Inches: a column of a journal, the text of an article, the text of a page of two columns."""
PAGE_HEIGHT = 9.0
"""Inches that a page has for a figure, its caption below."""
SMALLEST = 6.0
"""Points of the smallest letters that can be read in print."""
_HEIGHTS = {1: 3.0, 2: 2.3, 3: 1.95, 4: 1.55, 5: 1.15, 6: 1.0}
"""Inches of a row of panels on a page, by the panels in it."""
_COLUMN_HEIGHTS = {1: 2.0, 2: 1.5, 3: 1.1, 4: 0.89}
"""The same in a column."""
_WARNING, _NOTE = "#B00020", "#555555"


def save(figure: Figure, stem: Path, *, paper: bool = True) -> list[Path]:
    """Write ``stem``.png (200 dots an inch) and, for ``paper``, ``stem``.pdf; no time, no version, the folder made."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    png, pdf = stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".pdf")
    with mpl.rc_context(style_of(figure.get_figwidth())):
        # Laying out is the slow part; once serves both files.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.savefig(png, dpi=200, metadata={"Software": None})
        if not paper:
            return [png]
        figure.savefig(pdf, metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return [png, pdf]


def versions(draw: Callable[..., Figure], stem: Path, *, paper: bool = True) -> Iterator[tuple[Figure, Path]]:
    """Yield a figure as wide as it is by itself and, for ``paper``, as wide as a column, each with its file stem."""
    yield draw(), stem
    if paper:
        yield draw(width=COLUMN), stem.with_name(f"{stem.name}-column")


def as_svg(figure: Figure) -> str:
    """Return the figure as SVG with its letters as outlines, the same text each time, for a page that loads nothing."""
    buffer = io.StringIO()
    # Names of clipping paths are drawn by chance unless salted.
    with mpl.rc_context({**style_of(figure.get_figwidth()), "svg.hashsalt": "alrl", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def narrow(width: float) -> bool:
    """Return whether a figure of ``width`` inches is one of a column, where panels stand below each other."""
    return width < TEXT


def style_of(width: float) -> dict[Any, Any]:
    """Return matplotlib's parameters of a figure of ``width`` inches."""
    return COLUMN_STYLE if narrow(width) else STYLE


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the inches that a line of text of ``size`` points takes."""
    font = FontProperties(family=STYLE["font.family"], weight=weight)
    return float(TextPath((0, 0), text, size=size, prop=font).get_extents().width) / 72 if text.strip() else 0.0


def new_figure(size: tuple[float, float]) -> Figure:
    """Return an empty figure of ``size`` inches that lays itself out."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panels(
    comparison: Comparison,
    looks: Mapping[str, Style],
    draw: Callable[[Axes, str], None],
    label: str,
    words: tuple[str, str],
    *,
    width: float = WIDTH,
) -> Figure:
    """Return one panel a data set, filled by ``draw``; ``words`` are the legend's note and the mark above it.

    Panels are as small as a page of ``width`` inches needs to hold them all: six in a row at most, four in a column. Of
    more data sets than that, those where the areas of the strategies differ most.
    """
    heights = _COLUMN_HEIGHTS if narrow(width) else _HEIGHTS
    shown = _most_different(comparison, max(heights) * int((PAGE_HEIGHT - 0.9) / heights[max(heights)]))
    count = len(shown)
    if count < len(comparison.data_sets):
        left_out = f" Panels: the {count} of {len(comparison.data_sets)} data sets where the strategies differ most."
        words = (words[0] + left_out, words[1])
    columns = _columns(count, heights)
    rows = -(-count // columns)
    dense = columns > 3 or (narrow(width) and columns > 1)
    with mpl.rc_context(style_of(width)):
        figure = new_figure((width if columns > 1 else min(width, COLUMN), 0.9 + heights[columns] * rows))
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        room = (figure.get_figwidth() - 0.2) / columns - 0.28
        for axes, data_set in zip(grid, shown, strict=False):
            draw(axes, data_set)
            title(axes, data_set, room, largest=7.0 if columns > 3 else 8.5)
            axes.margins(x=0.01)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=3 if dense else 5, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(nbins=3 if dense else 5))
            if dense:
                axes.tick_params(labelsize=SMALLEST if narrow(width) else 6.5, pad=2)
        for axes in grid[count:]:
            axes.remove()
        figure.supxlabel("Queried labels (count)")
        figure.supylabel(label)
        legend(figure, looks, *words)
    return figure


def _most_different(comparison: Comparison, most: int) -> list[str]:
    """Return at most so many data sets, in their order: those where mean areas of the strategies lie farthest apart."""

    def spread(data_set: str) -> float:
        curves = [comparison.get(data_set, name) for name in comparison.strategies]
        return float(np.ptp([each.aubc.mean() for each in curves if each is not None]))

    chosen = sorted(comparison.data_sets, key=spread, reverse=True)[:most]
    return [name for name in comparison.data_sets if name in chosen]


def title(axes: Axes, name: str, room: float, *, largest: float = 8.5) -> None:
    """Write the name above a panel, in letters that fit ``room`` inches, or else in several lines."""
    size = min(largest, mpl.rcParams["axes.titlesize"])
    size *= min(1.0, room / max(text_width(name, size, "bold"), 1e-9))
    if size < SMALLEST:
        size = SMALLEST
        name = in_lines(name, room, size, "bold")
    axes.set_title(name, loc="left", fontsize=size)


def in_lines(name: str, room: float, size: float, weight: str = "normal") -> str:
    r"""Return a name in as many lines as ``room`` inches ask for, in letters of ``size`` points.

    >>> in_lines("late labels, multilayer-perceptron, batch 10", room=1.0, size=8)
    'late labels,\nmultilayer-\nperceptron,\nbatch 10'
    """
    letters = max(int(len(name) * room / max(text_width(name, size, weight), 1e-9)), 1)
    if len(name) <= letters:
        return name
    # A comma is the place to break at, a folder's name, or a word of several.
    parts = [re.sub(r"(?<=[/_])(?=.)", "\v", part) for part in re.split(r"(?<=,) ", name)]
    lines = [line for part in parts for line in textwrap.wrap(part, letters, replace_whitespace=False)]
    return "\n".join(lines).replace("\v", "")


def _columns(count: int, heights: Mapping[int, float]) -> int:
    """Return how many panels stand side by side: the fewest from three on with which all fit a page."""
    if count <= 4:
        # Four panels make a square; three in a row would leave one alone.
        return 2 if count == 4 else max(count, 1)
    fitting = (each for each in range(3, max(heights)) if 0.9 + heights[each] * -(-count // each) <= PAGE_HEIGHT)
    return next(fitting, max(heights))


def shaded(looks: Mapping[str, Style], what: str) -> str:
    """Return the note on bands that show ``what``: whose they are where not all strategies have one.

    >>> from alrl.reports.figures.style import styles
    >>> looks = styles(["general", "margin", "badge", "entropy", "random"], "general", reference="margin")
    >>> shaded(looks, "95 % interval over seeds")
    'Shaded, of general, margin and random alone: 95 % interval over seeds.'
    """
    names = [name for name, look in looks.items() if look.shaded]
    grey = " Grey lines may leave a panel." if any(look.other for look in looks.values()) else ""
    if len(names) == len(looks):
        return f"Shaded: {what}."
    if not names:
        return f"No intervals shaded.{grey}"
    *most, last = names
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"Shaded, of {listed} alone: {what}.{grey}"


def band(axes: Axes, interval: Interval, look: Style, *, start: int = 0) -> None:
    """Draw a mean and its band in percent, at ``start`` and the label counts after it.

    Strategies that are not told apart leave the axis as those before them made it: what is far below must not press
    what is looked at into a corner.
    """
    at = start + np.arange(interval.mean.size)
    mean, low, high = (100 * part for part in interval)
    if look.other and any(line.get_zorder() > look.order for line in axes.lines):
        axes.get_ylim()  # settles the limits by what is drawn so far
        axes.set_autoscaley_on(False)
    axes.plot(at, mean, **look.line, solid_capstyle="round")
    if look.shaded and not np.isnan(low).any():
        strength = 0.22 if look.order == 5 else 0.12
        axes.fill_between(at, low, high, color=look.colour, alpha=strength, linewidth=0, zorder=look.order - 1)


def dot(axes: Axes, x: float, y: float, look: Style) -> None:
    """One marker."""
    size = mpl.rcParams["lines.markersize"] * (1.375 if look.order == 5 else 1)
    axes.plot([x], [y], marker=look.marker, color=look.colour, markersize=size, linestyle="none", zorder=look.order + 1)


def legend(
    figure: Figure,
    looks: Mapping[str, Style],
    note: str,
    mark: str,
    *,
    with_markers: bool = False,
    extra: Mapping[str, Line2D] | None = None,
) -> None:
    """Draw the legend above the figure, headed by the mark, if any, and a note."""
    handles = []
    others = {name: look for name, look in looks.items() if look.other}
    looks = {name: look for name, look in looks.items() if not look.other}
    if others:
        name, look = next(iter(others.items()))
        looks[name if len(others) == 1 else f"{len(others)} others"] = look
    for look in looks.values():
        if with_markers:
            handles.append(Line2D([], [], color=look.colour, marker=look.marker, linewidth=look.width * 0.8))
        else:
            handles.append(Line2D([], [], **look.line))
    names = [*looks, *(extra or {})]
    handles += (extra or {}).values()
    box = figure.legend(
        handles,
        names,
        loc="outside upper center",
        ncols=_fitting(figure, names),
        handlelength=3 if looks else 1,
        columnspacing=1.6 if figure.get_figwidth() >= TEXT else 1.0,
        title=_headed(figure, note, mark),
    )
    box.get_title().set_multialignment("center")
    box.get_title().set_color(_WARNING if mark else _NOTE)


def _fitting(figure: Figure, names: Sequence[str]) -> int:
    """Return how many names, each with its stroke, stand in a line of the legend: as few lines as have room, alike."""
    size = FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points()
    widths, count = np.array([text_width(name, size) for name in names]), len(names)
    for columns in range(count if count <= 5 else 4, 1, -1):
        # A column is as wide as the widest of its names; a stroke and the gaps take six letters' height.
        taken = sum(float(part.max()) + 6 * size / 72 for part in np.array_split(widths, columns))
        if taken <= figure.get_figwidth() and columns == -(-count // -(-count // columns)):
            return columns
    return 1


def headline(figure: Figure, note: str, mark: str) -> None:
    """Draw the mark, if any, and a note above a figure without a legend."""
    text = figure.suptitle(_headed(figure, note, mark))
    text.set_color(_WARNING if mark else _NOTE)


def _headed(figure: Figure, note: str, mark: str) -> str:
    """Return the mark and the note, in lines that the figure has room for: what is cut off cannot be read."""
    # Small letters are half as wide as high on average.
    room = int(72 * figure.get_figwidth() / (0.536 * mpl.rcParams["figure.titlesize"]))
    return "\n".join(_wrapped(line, room) for line in f"{mark}\n{note}".strip().splitlines())


def _wrapped(line: str, room: int) -> str:
    """Return the line, broken into as few as there is room for, of about the same length."""
    count = -(-len(line) // room)
    parts = textwrap.wrap(line, max(-(-len(line) // count) + 8, 1), break_on_hyphens=False) if count > 1 else [line]
    return "\n".join(parts if max(map(len, parts)) <= room else textwrap.wrap(line, room, break_on_hyphens=False))
