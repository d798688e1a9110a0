"""Costs of each condition of a study for each strategy, one panel a condition."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from alrl.reports.figures.canvas import PAGE_HEIGHT, WIDTH, legend, narrow, new_figure, style_of, text_width, title
from alrl.reports.figures.rows import rows
from alrl.reports.figures.style import Looks, lanes, looks_of
from alrl.reports.tables.conditions import ConditionCost


def conditions(
    costs: Sequence[ConditionCost], *, mark: str = "", looks: Looks | None = None, width: float = WIDTH
) -> Figure:
    """Return mean paired differences in points of AUBC with 95 % intervals, data sets in rows, strategies side by side.

    ``costs`` are of one learner and batch size. Of more data sets than a page has rows for, those that the conditions
    cost least and most, in the mean over strategies and conditions.
    """
    names = list(dict.fromkeys(cost.condition for cost in costs))
    looks = looks_of(list(dict.fromkeys(cost.strategy for cost in costs)), looks)
    lane = lanes(looks)
    last = max(lane.values())
    # Four panels make a square; three in a row would leave one alone.
    columns = 2 if len(names) == 4 else min(2 if narrow(width) else 3, len(names))
    lines = -(-len(names) // columns)
    listed = rows(_means(costs), (PAGE_HEIGHT - 0.9) / lines - 0.6, 0.36)
    data_sets = list(listed.names)
    with mpl.rc_context(style_of(width)):
        figure = new_figure((width, 0.9 + lines * (0.6 + listed.height * len(data_sets))))
        labels = max(text_width(name, mpl.rcParams["font.size"]) for name in data_sets)
        room = (width - labels) / columns - 0.2
        grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axes, name in zip(grid, names, strict=False):
            axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
            for strategy, look in looks.items():
                here = [
                    cost
                    for cost in costs
                    if (cost.condition, cost.strategy) == (name, strategy) and cost.data_set in data_sets
                ]
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
            listed.write_names(axes)
            axes.tick_params(labelbottom=True)
        grid[0].set_ylim(len(data_sets) - 0.5, -0.5)
        for axes in grid[len(names) :]:
            axes.remove()
        figure.supxlabel(f"AUBC less that under {costs[0].against} (points)")
        note = "Bars: 95 % interval of the mean paired difference over seeds."
        note += " Grey dots: means of the others." if any(look.other for look in looks.values()) else ""
        note += listed.note(
            "the {0} data sets that the conditions cost least on average and the {0} that they cost most"
        )
        legend(figure, looks, note, mark, with_markers=True)
    return figure


def _means(costs: Sequence[ConditionCost]) -> dict[str, float]:
    """Return the mean difference of each data set, over strategies and conditions."""
    values: dict[str, list[float]] = {}
    for cost in costs:
        values.setdefault(cost.data_set, []).append(cost.difference)
    return {data_set: float(np.mean(each)) for data_set, each in values.items()}
