"""The table and the figure of the three measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from alrl.evaluation.statistics import Estimate
from alrl.evaluation.table import MISSING, Table
from alrl.reports.figures.canvas import WIDTH, legend, new_figure
from alrl.reports.figures.style import STYLE, styles
from experiments.stability.measures import Stability


def table(results: Sequence[Stability], correlations: Mapping[str, Estimate], caption: str) -> Table:
    """Return one row a variant and rule, and below the rank correlations of all rules."""
    rows = tuple(
        (f"{each.variant}: {each.rule}", _interval(each.metric), _share(each.picks), _share(each.last))
        for each in results
    )
    foot = tuple((f"{name}: ranking", _interval(tau), "", "") for name, tau in correlations.items())
    return Table(
        header=("changed: rule", "AUBC", "picks", "picks at the end"),
        rows=rows,
        foot=foot,
        caption=f"What a change does to a rule ({caption}). AUBC: of accuracy, less that without the change, in points,"
        " mean over data sets (95 % interval over them). Picks: Jaccard index of the records picked so far, mean over"
        " the rounds, and at the end. Ranking: Kendall's tau-b of the seven rules' areas with and without the change.",
    )


def _interval(estimate: Estimate) -> str:
    interval = "" if np.isnan(estimate.low) else f" ({estimate.low:+.2f} to {estimate.high:+.2f})"
    return f"{estimate.value:+.2f}{interval}"


def _share(value: float) -> str:
    return MISSING if np.isnan(value) else f"{value:.2f}"


def figure(results: Sequence[Stability], correlations: Mapping[str, Estimate]) -> Figure:
    """Return a panel a measure, changes in rows: a marker a rule, and one for the ranking of all."""
    names = list(correlations)
    looks = styles(list(dict.fromkeys(each.rule for each in results)))
    with mpl.rc_context(STYLE):
        drawn = new_figure((WIDTH, 1.0 + 0.42 * len(names)))
        metric, picks, ranking = drawn.subplots(1, 3, sharey=True)
        for place, (rule, look) in enumerate(looks.items()):
            own = [each for each in results if each.rule == rule]
            at = np.array([names.index(each.variant) for each in own]) + (place / (len(looks) - 1) - 0.5) * 0.6
            style = {"marker": look.marker, "color": look.colour, "linestyle": "none", "markersize": 3.5}
            metric.plot([each.metric.value for each in own], at, **style)
            picks.plot([each.picks for each in own], at, **style)
        taus = list(correlations.values())
        ends = np.array([[tau.value - tau.low, tau.high - tau.value] for tau in taus]).T
        values, rows = [tau.value for tau in taus], range(len(names))
        ranking.errorbar(values, rows, xerr=np.nan_to_num(ends), fmt="o", color="#333333", markersize=3.5, linewidth=1)
        metric.set_yticks(rows, names)
        metric.invert_yaxis()
        metric.axvline(0, color="#333333", linewidth=0.8)
        for axes, title in ((metric, "AUBC, points"), (picks, "shared picks"), (ranking, "rank correlation")):
            axes.set_title(title, loc="left")
        picks.set_xlim(-0.02, 1.02)
        note = "Each change against the rules as they are: softmax regression, one label a class, the same seeds."
        legend(drawn, looks, note, "", with_markers=True)
    return drawn
