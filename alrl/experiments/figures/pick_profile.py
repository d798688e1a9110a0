"""What the records that were picked are like, along the budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from alrl.experiments.figures.canvas import WIDTH, band, legend, new_figure
from alrl.experiments.figures.style import RANDOM, STYLE, styles
from alrl.experiments.replay import Replay
from alrl.loop.curves import Floats, Interval, mean_interval

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


def pick_profile(replays: Sequence[Replay], *, emphasis: str | None = None, mark: str = "") -> Figure:
    """Mean features of picked records with 95 % bands over data sets, against records drawn from the pool by chance."""
    names = tuple(dict.fromkeys(each.strategy for each in replays))
    looks = {name: look for name, look in styles(names, emphasis).items() if name in names}
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDTH, 4.4))
        for axes, (feature, meaning) in zip(figure.subplots(2, 3, sharex=True).ravel(), SHOWN.items(), strict=True):
            for name, look in looks.items():
                band(
                    axes,
                    _over_sets([each for each in replays if each.strategy == name], feature, "picked"),
                    look,
                    start=1,
                )
            beside = _over_sets([each for each in replays if each.strategy == names[0]], feature, "others")
            axes.plot(1 + np.arange(beside.mean.size), 100 * beside.mean, **_POOL)
            _frame(axes, feature, meaning)
        figure.supxlabel("Pick (1 is the first queried label)", fontsize=8.5)
        figure.supylabel("Mean over data sets (%)", fontsize=8.5)
        sets = len({each.data_set for each in replays})
        note = f"{sets} data sets, {replays[0].picked.shape[0]} seeds each. Bands: 95 % interval over data sets."
        legend(figure, looks, note, mark, extra={f"the pool, when {names[0]} picks": Line2D([], [], **_POOL)})
    return figure


def smoothed(values: Floats, width: int = 5) -> Floats:
    """Running means over ``width`` labels of curves (rows, T), shorter at both ends; nan counts for nothing.

    >>> smoothed(np.array([[0.0, 3.0, 6.0]]), width=3).tolist()
    [[1.5, 3.0, 4.5]]
    """
    half = width // 2
    ends = range(values.shape[1])
    windows = [values[:, max(at - half, 0) : at + half + 1] for at in ends]
    count = [np.isfinite(each).sum(1) for each in windows]
    total = [np.nansum(each, 1) for each in windows]
    return np.stack([np.where(n > 0, t / np.maximum(n, 1), np.nan) for t, n in zip(total, count, strict=True)], 1)


def _over_sets(replays: Sequence[Replay], feature: str, part: str) -> Interval:
    """Mean over data sets and its interval at each label, after seeds have been averaged and noise smoothed."""
    rows = []
    for each in replays:
        values = getattr(each, part)[..., each.features.index(feature)]
        rows.append(smoothed(values).mean(0))
    return mean_interval(np.stack([row[: min(map(len, rows))] for row in rows]))


def _frame(axes: Axes, feature: str, meaning: str) -> None:
    axes.set_title(feature, loc="left", pad=14)
    axes.text(0, 1.03, meaning, transform=axes.transAxes, fontsize=7, color="#555555")
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
