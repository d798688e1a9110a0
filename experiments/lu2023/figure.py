"""The comparison as a picture: ours less theirs, for each data set and strategy, with what chance allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from experiments.lu2023.comparison import TOLERANCE, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#4c4c4c", "#0072b2", "#56b4e9", "#d55e00", "#009e73")


def differences(rows: Sequence[Row]) -> Figure:
    """Return ours less theirs in points of AUBC, a row a data set; bars are 2.5 combined standard errors."""
    from matplotlib.figure import Figure

    sets = list(dict.fromkeys(row.data.name for row in rows))
    strategies = list(dict.fromkeys(row.strategy for row in rows))
    figure = Figure(figsize=(7.2, 1.2 + 0.42 * len(sets)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    shifts = np.linspace(-0.3, 0.3, len(strategies)) if len(strategies) > 1 else np.zeros(1)
    for strategy, shift, colour in zip(strategies, shifts, _COLOURS, strict=False):
        shown = [row for row in rows if row.strategy == strategy]
        axes.errorbar(
            [100 * (row.mean - row.their_mean) for row in shown],
            [sets.index(row.data.name) + shift for row in shown],
            xerr=[100 * TOLERANCE * float(np.hypot(row.error, row.their_error)) for row in shown],
            fmt="o",
            markersize=3.5,
            linewidth=1,
            color=colour,
            label=strategy,
        )
    seeds = {name: min(row.seeds for row in rows if row.data.name == name) for name in sets}
    axes.set_yticks(range(len(sets)), [f"{name} ({seeds[name]})" for name in sets])
    axes.invert_yaxis()
    axes.set_xlabel(f"AUBC, ours less published (points); bars: {TOLERANCE} combined standard errors")
    axes.set_ylabel("Data set (seeds played)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=len(strategies), frameon=False)
    return figure
