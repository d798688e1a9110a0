"""The contest as a picture: net value against labels bought, a panel a price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alrl.reports.figures.canvas import WIDTH, new_figure
from alrl.reports.figures.style import EMPHASIS, OKABE_ITO, STYLE
from experiments.net_value.contest import Constants, Entry, by_data_set
from experiments.net_value.ledger import Ledger


def net_value_figure(
    ledgers: Mapping[int, Ledger],
    data_sets: Sequence[str],
    value: float,
    entries: Sequence[Entry],
    tuned: Mapping[float, Constants],
) -> Figure:
    """Return lines: margin in batches of fixed size, at every number of labels.

    Marks: where policies and constants end.

    ``ledgers`` (size: ledger) are margin's on the episodes of ``data_sets`` (B,), ``tuned`` the constants by price.
    """
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDTH, 2.9))
        panels = figure.subplots(1, len(tuned), squeeze=False)[0]
        for axes, (price, constants) in zip(panels, tuned.items(), strict=True):
            for colour, (size, ledger) in zip(OKABE_ITO, ledgers.items(), strict=False):
                net = ledger.net(value, price)
                means = [float(by_data_set(column, data_sets).mean()) for column in net.unbind(1)]
                labels = ledger.labels.max(0).values.tolist()
                axes.plot(labels, means, color=colour, linewidth=1.1, label=f"margin, batches of {size}")
            _marks(axes, [each for each in entries if each.price == price], constants)
            axes.set_title(f"a label costs {price:g}", loc="left")
            axes.set_xlabel("Labels bought (count)")
        panels[0].set_ylabel("Net value (currency)")
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _marks(axes: Axes, entries: Sequence[Entry], constants: Constants) -> None:
    axes.axhline(0, color="#7F7F7F", linewidth=0.7, zorder=1)
    learned = [each for each in entries if each.player.startswith("policy")]
    for each, label in zip(learned, ["policy, one a training seed", *[None] * len(learned)], strict=False):
        axes.errorbar(
            each.labels,
            float(each.net.mean()),
            xerr=each.spread,
            fmt="o",
            color=EMPHASIS,
            markersize=5,
            elinewidth=0.8,
            zorder=5,
            label=label,
        )
    (tuned,) = [each for each in entries if each.player == constants.name]
    axes.plot(tuned.labels, float(tuned.net.mean()), "D", color="#000000", markersize=4.5, label="tuned constants")
