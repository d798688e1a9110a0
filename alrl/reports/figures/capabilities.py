"""Radar of what a strategy can do: its gain over a reference under each condition, the reference a ring at zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.projections.polar import PolarAxes

from alrl.reports.figures.canvas import TEXT, legend, new_figure
from alrl.reports.figures.style import EMPHASIS, STYLE
from alrl.reports.tables.capabilities import CapabilityScore

AXES = 3
"""Capabilities that a radar needs."""
_GREYS = ("#8A8A8A", "#A6A6A6", "#6F6F6F", "#BDBDBD")
_DASHES: tuple[tuple[float, ...], ...] = ((5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5), (3, 1), (8, 2))


def radar(scores: Sequence[CapabilityScore], subject: str, reference: str, *, mark: str = "") -> Figure:
    """Return the radar of ``subject`` with its intervals, the other strategies in grey, ``reference`` the ring of zero.

    A capability that a strategy has no score for is a gap in its line.
    """
    names = list(dict.fromkeys(score.capability for score in scores))
    strategies = [name for name in dict.fromkeys(score.strategy for score in scores) if name != subject]
    at = {(score.strategy, score.capability): score.gain for score in scores}
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    handles: dict[str, Line2D] = {}
    with mpl.rc_context(STYLE):
        figure = new_figure((TEXT, TEXT))
        axes = figure.add_subplot(projection="polar")
        assert isinstance(axes, PolarAxes)  # noqa: S101 - matplotlib's type of a subplot does not know its projection
        axes.set_theta_offset(np.pi / 2)
        axes.set_theta_direction(-1)
        for place, strategy in enumerate([*strategies, subject]):
            gains = np.array([at[strategy, name].value if (strategy, name) in at else np.nan for name in names])
            look = _look(place, own=strategy == subject)
            (handles[strategy],) = axes.plot([*angles, angles[0]], [*gains, gains[0]], **look)
        _intervals(axes, angles, [at.get((subject, name)) for name in names])
        ring = np.linspace(0, 2 * np.pi, 181)
        (handles[f"{reference} (0)"],) = axes.plot(ring, np.zeros_like(ring), color="#333333", linewidth=1, zorder=3)
        _scale(axes, [score.gain.value for score in scores])
        axes.set_xticks(angles, names)
        axes.tick_params(axis="x", pad=8)
        note = f"AUBC beyond {reference}'s, points; bars: 95 % interval over data sets."
        legend(figure, {}, note, mark, extra={subject: handles.pop(subject), **handles})
    return figure


def _look(place: int, *, own: bool) -> dict[str, Any]:
    if own:
        return {"color": EMPHASIS, "linewidth": 1.9, "marker": "o", "markersize": 4, "zorder": 5}
    dashes = (0, _DASHES[place % len(_DASHES)])
    return {"color": _GREYS[place % len(_GREYS)], "linewidth": 1.1, "linestyle": dashes, "zorder": 2}


def _intervals(axes: PolarAxes, angles: np.ndarray, gains: Sequence[object]) -> None:
    for angle, gain in zip(angles, gains, strict=True):
        low, high = getattr(gain, "low", np.nan), getattr(gain, "high", np.nan)
        if not np.isnan(low):
            axes.plot([angle, angle], [low, high], color=EMPHASIS, linewidth=1, zorder=4)


def _scale(axes: PolarAxes, values: Sequence[float]) -> None:
    """Set rings from below the lowest mean to the highest, the centre a margin further in."""
    low, high = min(-0.5, *values), max(0.5, *values)
    axes.set_rlim(low - 0.25 * (high - low), high + 0.1 * (high - low))
    axes.set_rlabel_position(180 / 7)
    axes.tick_params(axis="y", labelsize=6.5, labelcolor="#555555")
