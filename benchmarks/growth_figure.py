"""The figure of growth: cumulative work and time against labels, from scratch and with a warm start."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from alrl.reports.figures import EMPHASIS, OKABE_ITO, STYLE
from benchmarks.growth import EPISODES, SCRATCH, Growth, cumulative


def growth_figure(grown: Sequence[Growth]) -> Figure:
    """Draw a row a learner: cumulative multiply-adds on the left, cumulative seconds on the right, logarithmic axes."""
    names = list(dict.fromkeys(each.learner for each in grown))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 0.4 + 2.4 * len(names)), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(names), 2, squeeze=False)
        for row, name in zip(panels, names, strict=True):
            of_name = [each for each in grown if each.learner == name]
            _draw(row[0], [(each, each.multiply_adds, each.work_exponent) for each in of_name])
            _draw(row[1], [(each, each.seconds, each.time_exponent) for each in of_name])
            for axes, what in zip(row, ("multiply-adds, 1 episode", f"seconds, {EPISODES} episodes"), strict=True):
                axes.set_title(name, loc="left")
                axes.set_ylabel(f"Cumulative {what}", fontsize="small")
                axes.set_xlabel("Queried labels (count)")
    return figure


def _draw(axes: Axes, lines: Sequence[tuple[Growth, Sequence[float] | None, float | None]]) -> None:
    for each, costs, power in lines:
        if costs is None or power is None:
            continue
        scratch = each.start == SCRATCH
        axes.plot(
            each.labels,
            cumulative(costs),
            color=OKABE_ITO[0] if scratch else EMPHASIS,
            linestyle=(0, (5, 1.5)) if scratch else "solid",
            linewidth=1.4,
            label=f"{each.start}: labels to the {power:.2f}",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    if axes.lines:
        axes.legend(loc="upper left", fontsize=7)
    else:
        axes.text(0.5, 0.5, "this learner has no model of its work", ha="center", transform=axes.transAxes)
