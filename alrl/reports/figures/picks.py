"""Figures of the picked records along the budget."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from alrl.evaluation.curves import Floats, Interval, mean_interval
from alrl.reports.figures.canvas import TEXT, WIDTH, band, legend, narrow, new_figure, shaded, style_of
from alrl.reports.figures.style import RANDOM, Looks, looks_of
from alrl.reports.picks.replay import Projection, Replay

SHOWN = {
    "margin-rank": "share of pool with a smaller margin",
    "flip-rank": "share of pool that flipped less often",
    "sparsity-rank": "share of pool in denser places",
    "isolation-rank": "share of pool nearer to a label",
    "neighbour-agreement": "neighbours of the same class",
    "label-agreement": "nearest labels that agree",
}
"""Features of a record that are drawn, and what they say."""
_POOL: dict[str, Any] = {"color": RANDOM, "linestyle": (0, (1, 1.5)), "linewidth": 1.2}


def pick_profile(
    replays: Sequence[Replay],
    *,
    emphasis: str | None = None,
    mark: str = "",
    looks: Looks | None = None,
    width: float = WIDTH,
) -> Figure:
    """Draw mean features of picked records with 95 % bands over data sets, against records drawn by chance."""
    names = tuple(dict.fromkeys(replay.strategy for replay in replays))
    looks = looks_of(names, looks, emphasis)
    with mpl.rc_context(style_of(width)):
        rows, columns = (3, 2) if narrow(width) else (2, 3)
        figure = new_figure((width, 5.2 if narrow(width) else 4.4))
        grid = figure.subplots(rows, columns, sharex=True).ravel()
        for axes, (feature, meaning) in zip(grid, SHOWN.items(), strict=True):
            for name, look in looks.items():
                band(
                    axes,
                    _over_sets([replay for replay in replays if replay.strategy == name], feature, "picked"),
                    look,
                    start=1,
                )
            beside = _over_sets([replay for replay in replays if replay.strategy == names[0]], feature, "others")
            axes.plot(1 + np.arange(beside.mean.size), 100 * beside.mean, **_POOL)
            _frame(axes, feature, meaning, width / columns - 0.45)
        figure.supxlabel("Pick (1 is the first queried label)")
        figure.supylabel("Mean over data sets (%)")
        sets = len({replay.data_set for replay in replays})
        note = f"{sets} data sets, {replays[0].picked.shape[0]} seeds each. "
        note += shaded(looks, "95 % interval over data sets")
        legend(figure, looks, note, mark, extra={f"the pool, when {names[0]} picks": Line2D([], [], **_POOL)})
    return figure


def smoothed(values: Floats, width: int = 5) -> Floats:
    """Return running means over ``width`` labels of curves (rows, T), shorter at both ends; nan counts for nothing.

    >>> smoothed(np.array([[0.0, 3.0, 6.0]]), width=3).tolist()
    [[1.5, 3.0, 4.5]]
    """
    half = width // 2
    ends = range(values.shape[1])
    windows = [values[:, max(at - half, 0) : at + half + 1] for at in ends]
    count = [np.isfinite(window).sum(1) for window in windows]
    total = [np.nansum(window, 1) for window in windows]
    return np.stack([np.where(n > 0, t / np.maximum(n, 1), np.nan) for t, n in zip(total, count, strict=True)], 1)


def _over_sets(replays: Sequence[Replay], feature: str, part: str) -> Interval:
    """Return mean over data sets and its interval at each label, after seeds have been averaged and noise smoothed."""
    rows = []
    for replay in replays:
        values = getattr(replay, part)[..., replay.features.index(feature)]
        rows.append(smoothed(values).mean(0))
    return mean_interval(np.stack([row[: min(map(len, rows))] for row in rows]))


def _frame(axes: Axes, feature: str, meaning: str, room: float) -> None:
    """Write what a feature is called and says above its panel, in lines of at most ``room`` inches."""
    size = mpl.rcParams["legend.title_fontsize"]
    lines = textwrap.wrap(meaning, int(72 * room / (0.53 * size)))
    axes.set_title(feature, loc="left", pad=(0.8 + 1.2 * len(lines)) * size)
    axes.text(0, 1.03, "\n".join(lines), transform=axes.transAxes, fontsize=size, color="#555555", va="bottom")
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))


def pick_embedding(projections: Sequence[Projection], *, mark: str = "", width: float = WIDTH) -> Figure:
    """Draw one pool a data set on its two principal components, a column a strategy, picks coloured by order."""
    strategies = list(projections[0].picks)
    count, columns = len(projections), len(strategies)
    # Two data sets share a row where a strategy or two leave the room.
    beside = 2 if columns <= 2 and count > 1 and not narrow(width) else 1
    rows = -(-count // beside)
    with mpl.rc_context(style_of(width)):
        figure = new_figure((width, 1.0 + 1.85 * rows))
        grid = figure.subplots(rows, beside * columns, squeeze=False)
        points: PathCollection | None = None
        for place, each in enumerate(projections):
            row, group = divmod(place, beside)
            for column, strategy in enumerate(strategies):
                axes = grid[row, group * columns + column]
                points = _draw(axes, each, strategy)
                # Names side by side would run into each other: the data set's has a line of its own.
                axes.set_title(f"{each.data_set if column == 0 else ''}\n{strategy}", loc="left", fontsize="medium")
        for axes in grid.ravel()[count * columns :]:
            axes.remove()
        if points is not None:
            # Of three data sets the fourth panel is gone: what is left has the bar beside it.
            bar = figure.colorbar(points, ax=list(grid.ravel()[: count * columns]), shrink=0.6, aspect=30, pad=0.02)
            bar.set_label("Order of picking", fontsize="medium")
            bar.outline.set_linewidth(0)
        _explain(figure, projections, mark)
    return figure


def _draw(axes: Axes, projection: Projection, strategy: str) -> PathCollection:
    points, picks = projection.points, projection.picks[strategy]
    picks = picks[picks >= 0]
    first = points[projection.first]
    axes.scatter(points[:, 0], points[:, 1], s=5, color="#C9CDD3", linewidths=0, zorder=1)
    axes.scatter(first[:, 0], first[:, 1], s=26, marker="x", color="#1A1A1A", linewidths=1.0, zorder=4)
    marks = axes.scatter(
        points[picks, 0],
        points[picks, 1],
        c=np.arange(1, picks.size + 1),
        cmap="plasma",
        s=16,
        edgecolors="white",
        linewidths=0.3,
        zorder=3,
    )
    low, high = points.min(0), points.max(0)
    # The outermost hundredth may leave the panel: one far record would press all others into a corner.
    inner = np.quantile(points, [0.01, 0.99], axis=0)
    room = 0.12 * (inner[1] - inner[0]) + 1e-9
    axes.set_xlim(max(low[0], inner[0, 0] - room[0]) - room[0] / 3, min(high[0], inner[1, 0] + room[0]) + room[0] / 3)
    axes.set_ylim(max(low[1], inner[0, 1] - room[1]) - room[1] / 3, min(high[1], inner[1, 1] + room[1]) + room[1] / 3)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#D0D4DA")
    return marks


def _explain(figure: Figure, projections: Sequence[Projection], mark: str) -> None:
    extra = {
        "pool": Line2D([], [], marker="o", color="#C9CDD3", linestyle="none", markersize=3),
        "first sample": Line2D([], [], marker="x", color="#1A1A1A", linestyle="none", markersize=5),
        "picked": Line2D([], [], marker="o", color="#B12A90", markeredgecolor="white", linestyle="none", markersize=5),
    }
    kept = ", ".join(f"{projection.data_set} {100 * projection.explained:.0f} %" for projection in projections)
    note = f"Seed {projections[0].seed}. Variance that the two principal components hold: {kept}."
    legend(figure, {}, note, mark, extra=extra)


def _name_highest(axes: Axes, looks: Looks, shares: Sequence[Interval], top: float) -> None:
    """Write the names of the three grey lines that end highest: what is much alike is to be known.

    ``top`` is where the axis ends, in percent.
    """
    drawn = zip(looks.items(), shares, strict=True)
    ends = {name: 100 * float(share.mean[-1]) for (name, look), share in drawn if look.other}
    height = top
    for name in sorted(ends, key=lambda each: -ends[each])[:3]:
        # Names that would lie upon each other are moved down; moved up, they would leave the panel.
        height = min(ends[name], height - 0.06 * top)
        axes.annotate(
            name,
            (shares[0].mean.size, height),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            color="#555555",
            annotation_clip=False,
        )


def pick_overlap(
    replays: Sequence[Replay], *, mark: str = "", looks: Looks | None = None, width: float = TEXT
) -> Figure:
    """Return the share of one strategy's picks that each rule would have made in the same place, along the budget.

    ``replays`` are those of one strategy, one a data set.
    """
    rules = [name for name in replays[0].overlap if all(name in replay.overlap for replay in replays)]
    looks = looks_of(rules, looks)
    with mpl.rc_context(style_of(width)):
        figure = new_figure((width, 3.6))
        axes = figure.add_subplot()
        shares: list[Interval] = []
        for name, look in looks.items():
            rows = [smoothed(replay.overlap[name], 7).mean(0) for replay in replays]
            width = min(map(len, rows))
            shares.append(mean_interval(np.stack([row[:width] for row in rows])))
            band(axes, shares[-1], look, start=1)
        # Rules may share next to nothing: the axis ends above the highest of them.
        top = min(100.0, 1.4 * max((float(np.nanmax(100 * share.mean)) for share in shares), default=0.0) + 10)
        axes.set_ylim(0, top)
        _name_highest(axes, looks, shares, top)
        axes.margins(x=0.01)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        axes.set_xlabel("Pick (1 is the first queried label)")
        axes.set_ylabel("Picks that the rule shares")
        note = (
            f"{len(replays)} data sets, {replays[0].picked.shape[0]} seeds each; each rule is asked where\n"
            f"{replays[0].strategy} chose, its picks played again as they were.\n"
            f"{shaded(looks, '95 % interval over data sets')}"
        )
        legend(figure, looks, note, mark)
    return figure
