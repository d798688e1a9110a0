"""Costs of each condition of a study for each strategy, one panel a condition."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from alrl.reports.figures.canvas import PAGE_HEIGHT, WIDTH, legend, narrow, new_figure, style_of, text_width, title
from alrl.reports.figures.style import Looks, lanes, looks_of
from alrl.reports.tables.conditions import ConditionCost


def conditions(
    costs: Sequence[ConditionCost], *, mark: str = "", looks: Looks | None = None, width: float = WIDTH
) -> Figure:
    """Return mean paired differences in points of AUBC with 95 % intervals, data sets in rows, strategies side by side.

    ``costs`` are of one learner and batch size.
    """
    names = list(dict.fromkeys(cost.condition for cost in costs))
    data_sets = list(dict.fromkeys(cost.data_set for cost in costs))
    looks = looks_of(list(dict.fromkeys(cost.strategy for cost in costs)), looks)
    lane = lanes(looks)
    last = max(lane.values())
    # Four panels make a square; three in a row would leave one alone.
    columns = 2 if len(names) == 4 else min(2 if narrow(width) else 3, len(names))
    rows = -(-len(names) // columns)
    line = min(0.36, max((PAGE_HEIGHT - 0.9) / rows - 0.6, 0) / len(data_sets))
    with mpl.rc_context(style_of(width)):
        figure = new_figure((width, 0.9 + rows * (0.6 + max(line, 0.115) * len(data_sets))))
        labels = max(text_width(name, mpl.rcParams["font.size"]) for name in data_sets)
        room = (width - labels) / columns - 0.2
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axes, name in zip(grid, names, strict=False):
            axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
            for strategy, look in looks.items():
                here = [cost for cost in costs if cost.condition == name and cost.strategy == strategy]
                offset = (lane[strategy] - last / 2) * 0.7 / (last + 1)
                axes.errorbar(
                    [cost.difference for cost in here],
                    np.array([data_sets.index(cost.data_set) for cost in here]) + offset,
                    xerr=None if look.other else [cost.half_width for cost in here],
                    fmt=look.marker,
                    color=look.colour,
                    markersize=0.875 * mpl.rcParams["lines.markersize"],
                    linewidth=1,
                )
            title(axes, name, room)
            axes.set_yticks(range(len(data_sets)), data_sets)
            axes.tick_params(labelbottom=True)
        grid[0].invert_yaxis()
        for axes in grid[len(names) :]:
            axes.remove()
        figure.supxlabel(f"AUBC less that under {costs[0].against} (points)")
        note = "Bars: 95 % interval of the mean paired difference over seeds."
        note += " Grey dots: means of the others." if any(look.other for look in looks.values()) else ""
        legend(figure, looks, note, mark, with_markers=True)
    return figure
