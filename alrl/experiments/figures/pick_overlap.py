"""How often each rule would have picked the same record."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from alrl.experiments.figures.canvas import band, legend, new_figure
from alrl.experiments.figures.pick_profile import smoothed
from alrl.experiments.figures.style import STYLE, styles
from alrl.experiments.replay import Replay
from alrl.loop.curves import Interval, mean_interval


def pick_overlap(replays: Sequence[Replay], *, mark: str = "") -> Figure:
    """Share of one strategy's picks that each rule would have made in the same place, along the budget.

    ``replays`` are those of one strategy, one a data set.
    """
    rules = [name for name in replays[0].overlap if all(name in each.overlap for each in replays)]
    looks = {name: look for name, look in styles(rules).items() if name in rules}
    with mpl.rc_context(STYLE):
        figure = new_figure((5.2, 3.6))
        axes = figure.add_subplot()
        shares: list[Interval] = []
        for name, look in looks.items():
            rows = [smoothed(each.overlap[name], 7).mean(0) for each in replays]
            width = min(map(len, rows))
            shares.append(mean_interval(np.stack([row[:width] for row in rows])))
            band(axes, shares[-1], look, start=1)
        # Rules may share next to nothing: the axis ends above the highest of them.
        top = max((float(np.nanmax(100 * each.mean)) for each in shares), default=0.0)
        axes.set_ylim(0, min(100.0, 1.4 * top + 10))
        axes.margins(x=0.01)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        axes.set_xlabel("Pick (1 is the first queried label)", fontsize=8.5)
        axes.set_ylabel(f"Picks of {replays[0].strategy} that the rule shares", fontsize=8.5)
        note = (
            f"{len(replays)} data sets, {replays[0].picked.shape[0]} seeds each; each rule is asked in the very state\n"
            f"in which {replays[0].strategy} chose. Bands: 95 % interval over data sets."
        )
        legend(figure, looks, note, mark)
    return figure
