"""Curves as paired differences to one strategy."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Metric, mean_interval
from alrl.reports.figures.canvas import WIDTH, band, panels, shaded
from alrl.reports.figures.style import Looks, looks_of


def differences(
    comparison: Comparison,
    *,
    reference: str = "margin",
    metric: Metric = "accuracy",
    emphasis: str | None = None,
    mark: str = "",
    looks: Looks | None = None,
    width: float = WIDTH,
) -> Figure:
    """Return the mean paired difference to ``reference`` along the budget with 95 % bands, one panel a data set."""
    looks = looks_of(comparison.strategies, looks, emphasis)
    shown = {name: look for name, look in looks.items() if name != reference}

    def draw(axes: Axes, data_set: str) -> None:
        axes.axhline(0, color="#333333", linewidth=0.8, zorder=1)
        for name, look in shown.items():
            pair = comparison.pair(data_set, name, reference)
            if pair is not None:
                band(axes, mean_interval(pair[0].values(metric) - pair[1].values(metric)), look)

    label = f"{metric.replace('_', ' ').capitalize()} minus {reference} (points)"
    note = shaded(shown, "95 % interval of the mean paired difference over seeds")
    return panels(comparison, shown, draw, label, (note, mark), width=width)
