"""Where in the pool the picks lie."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from alrl.experiments.figures.canvas import WIDTH, legend, new_figure
from alrl.experiments.figures.style import STYLE
from alrl.experiments.replay import Projection


def pick_embedding(projections: Sequence[Projection], *, mark: str = "") -> Figure:
    """The pool of one seed a data set on its two principal components, a column a strategy, picks coloured by order."""
    strategies = list(projections[0].picks)
    count, columns = len(projections), len(strategies)
    # Two data sets share a row where a strategy or two leave the room.
    beside = 2 if columns <= 2 and count > 1 else 1
    rows = -(-count // beside)
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDTH, 1.0 + 1.85 * rows))
        grid = figure.subplots(rows, beside * columns, squeeze=False)
        found: PathCollection | None = None
        for place, each in enumerate(projections):
            row, group = divmod(place, beside)
            for column, strategy in enumerate(strategies):
                axes = grid[row, group * columns + column]
                found = _draw(axes, each, strategy)
                # Names side by side would run into each other: the data set's has a line of its own.
                axes.set_title(f"{each.data_set if column == 0 else ''}\n{strategy}", loc="left", fontsize=8)
        for axes in grid.ravel()[count * columns :]:
            axes.remove()
        if found is not None:
            bar = figure.colorbar(found, ax=grid, shrink=0.6, aspect=30, pad=0.02)
            bar.set_label("Order of picking", fontsize=8)
            bar.outline.set_linewidth(0)
        _explain(figure, projections, mark)
    return figure


def _draw(axes: Axes, projection: Projection, strategy: str) -> PathCollection:
    points, picks = projection.points, projection.picks[strategy]
    picks = picks[picks >= 0]
    first = points[projection.first]
    axes.scatter(points[:, 0], points[:, 1], s=5, color="#C9CDD3", linewidths=0, zorder=1)
    axes.scatter(first[:, 0], first[:, 1], s=26, marker="x", color="#1A1A1A", linewidths=1.0, zorder=4)
    found = axes.scatter(
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
    return found


def _explain(figure: Figure, projections: Sequence[Projection], mark: str) -> None:
    extra = {
        "pool": Line2D([], [], marker="o", color="#C9CDD3", linestyle="none", markersize=3),
        "first sample": Line2D([], [], marker="x", color="#1A1A1A", linestyle="none", markersize=5),
        "picked": Line2D([], [], marker="o", color="#B12A90", markeredgecolor="white", linestyle="none", markersize=5),
    }
    kept = ", ".join(f"{each.data_set} {100 * each.explained:.0f} %" for each in projections)
    note = f"Seed {projections[0].seed}. Variance that the two principal components hold: {kept}."
    legend(figure, {}, note, mark, extra=extra)
