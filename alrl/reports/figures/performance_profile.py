"""Performance profiles: the share of runs that beat the baseline by each margin (Agarwal et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from alrl.evaluation.statistics import Profile
from alrl.reports.figures.canvas import TEXT, legend, narrow, new_figure, shaded, style_of
from alrl.reports.figures.style import Looks, looks_of
from alrl.reports.summary import Summary


def performance_profile(summary: Summary, *, mark: str = "", looks: Looks | None = None, width: float = TEXT) -> Figure:
    """Return the figure of shares of runs that beat the baseline by more than each threshold, with 95 % bands."""
    every = looks_of(summary.strategies, looks, summary.emphasis)
    looks = {name: look for name, look in every.items() if name in summary.profiles}
    with mpl.rc_context(style_of(width)):
        figure = new_figure((width, 3.2 if narrow(width) else 3.6))
        axes = figure.add_subplot()
        axes.axvline(0, color="#333333", linewidth=0.8, zorder=1)
        for name, look in looks.items():
            profile = summary.profiles[name]
            axes.plot(profile.thresholds, 100 * np.array(profile.share), **look.line)
            if not look.shaded:
                continue
            axes.fill_between(
                profile.thresholds,
                100 * np.array(profile.low),
                100 * np.array(profile.high),
                color=look.colour,
                alpha=0.22 if look.order == 5 else 0.12,
                linewidth=0,
                zorder=look.order - 1,
            )
        axes.set_xlim(_within([summary.profiles[name] for name, look in looks.items() if not look.other]))
        axes.set_ylim(0, 100)
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        axes.set_xlabel(f"AUBC minus {summary.baseline}, τ (points)")
        axes.set_ylabel("Runs above τ")
        note = (
            f"Runs of {len(summary.data_sets)} data sets, each weighing the same. The height at 0 is the share that"
            f" beats {summary.baseline}.\n{shaded(looks, '95 %, bootstrap over seeds within data sets')}"
        )
        legend(figure, looks, note, mark)
    return figure


def _within(profiles: Sequence[Profile]) -> tuple[float, float]:
    """Return the thresholds between which a profile lies between 99.5 and 0.5 %: nothing happens beyond them."""
    moving = [
        threshold
        for profile in profiles
        for threshold, share in zip(profile.thresholds, profile.share, strict=True)
        if 0.005 < share < 0.995
    ]
    every = [threshold for profile in profiles for threshold in profile.thresholds]
    low, high = (min(moving), max(moving)) if moving else (min(every), max(every))
    # Zero is what is compared with. Where every run is at it, a point is shown on either side.
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if low < high else (-1.0, 1.0)
