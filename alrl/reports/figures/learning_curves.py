"""Mean learning curves."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Metric
from alrl.reports.figures.canvas import WIDTH, band, panels, shaded
from alrl.reports.figures.style import Looks, looks_of


def learning_curves(
    comparison: Comparison,
    *,
    metric: Metric = "accuracy",
    emphasis: str | None = None,
    mark: str = "",
    looks: Looks | None = None,
    width: float = WIDTH,
) -> Figure:
    """Return the mean learning curves with 95 % bands, one panel a data set."""
    looks = looks_of(comparison.strategies, looks, emphasis)

    def draw(axes: Axes, data_set: str) -> None:
        for name, look in looks.items():
            curves = comparison.get(data_set, name)
            if curves is not None:
                band(axes, curves.interval(metric), look)

    label = f"Test {metric.replace('_', ' ')} (%)"
    return panels(
        comparison, looks, draw, label, (shaded(looks, "95 % interval of the mean over seeds"), mark), width=width
    )
