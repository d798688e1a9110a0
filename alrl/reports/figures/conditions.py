"""Costs of each condition of a study for each strategy, one panel a condition."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from alrl.reports.figures.canvas import WIDTH, legend, new_figure
from alrl.reports.figures.style import STYLE, styles
from alrl.reports.tables.conditions import ConditionCost


def conditions(costs: Sequence[ConditionCost], *, mark: str = "") -> Figure:
    """Return mean paired differences in points of AUBC with 95 % intervals, data sets in rows, strategies side by side.

    ``costs`` are of one learner and batch size.
    """
    names = list(dict.fromkeys(each.condition for each in costs))
    data_sets = list(dict.fromkeys(each.data_set for each in costs))
    looks = styles(list(dict.fromkeys(each.strategy for each in costs)), None)
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDTH, 0.9 + rows * (0.6 + 0.36 * len(data_sets))))
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axes, name in zip(grid, names, strict=False):
            axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
            for place, (strategy, look) in enumerate(looks.items()):
                here = [each for each in costs if each.condition == name and each.strategy == strategy]
                offset = (place - (len(looks) - 1) / 2) * 0.7 / len(looks)
                axes.errorbar(
                    [each.difference for each in here],
                    np.array([data_sets.index(each.data_set) for each in here]) + offset,
                    xerr=[each.half_width for each in here],
                    fmt=look.marker,
                    color=look.colour,
                    markersize=3.5,
                    linewidth=1,
                )
            axes.set_title(name, loc="left")
            axes.set_yticks(range(len(data_sets)), data_sets)
            axes.tick_params(labelbottom=True)
        grid[0].invert_yaxis()
        for axes in grid[len(names) :]:
            axes.remove()
        figure.supxlabel(f"AUBC less that under {costs[0].against} (points)", fontsize=8.5)
        note = "Bars: 95 % interval of the mean paired difference over seeds."
        legend(figure, looks, note, mark, with_markers=True)
    return figure
