"""Radar of what a strategy can do: its gain over a reference under each condition, the reference a ring at zero."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.projections.polar import PolarAxes

from alrl.reports.figures.canvas import TEXT, in_lines, legend, new_figure, style_of
from alrl.reports.figures.style import Looks, Style, looks_of, styles
from alrl.reports.tables.capabilities import CapabilityScore

AXES = 3
"""Capabilities that a radar needs."""


def radar(
    scores: Sequence[CapabilityScore],
    subject: str,
    reference: str,
    *,
    mark: str = "",
    looks: Looks | None = None,
    width: float = TEXT,
) -> Figure:
    """Return the radar of ``subject`` with its intervals, and of other strategies; ``reference`` is the ring of zero.

    A capability that a strategy has no score for is a gap in its line.
    """
    names = list(dict.fromkeys(score.capability for score in scores))
    strategies = [*dict.fromkeys(score.strategy for score in scores), reference]
    looks = looks_of(strategies, looks or styles(strategies, subject, reference=reference), subject)
    shown = {name: look for name, look in looks.items() if name != reference}
    at = {(score.strategy, score.capability): score.gain for score in scores}
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    with mpl.rc_context(style_of(width)):
        figure = new_figure((width, width))
        axes = figure.add_subplot(projection="polar")
        assert isinstance(axes, PolarAxes)  # noqa: S101 - matplotlib's type of a subplot does not know its projection
        axes.set_theta_offset(np.pi / 2)
        axes.set_theta_direction(-1)
        for strategy, look in shown.items():
            gains = np.array([at[strategy, name].value if (strategy, name) in at else np.nan for name in names])
            marker = look.marker if strategy == subject else None
            axes.plot([*angles, angles[0]], [*gains, gains[0]], **look.line, marker=marker)
        _intervals(axes, angles, [at.get((subject, name)) for name in names], looks[subject])
        ring = np.linspace(0, 2 * np.pi, 181)
        (zero,) = axes.plot(ring, np.zeros_like(ring), color=looks[reference].colour, linewidth=1.2, zorder=3)
        _scale(axes, [score.gain.value for score in scores])
        _write_names(axes, angles, names, 0.22 * width)
        note = f"AUBC beyond {reference}'s, points; bars: 95 % interval over data sets."
        legend(figure, shown, note, mark, extra={f"{reference} (0)": zero})
    return figure


def _intervals(axes: PolarAxes, angles: np.ndarray, gains: Sequence[object], look: Style) -> None:
    for angle, gain in zip(angles, gains, strict=True):
        low, high = getattr(gain, "low", np.nan), getattr(gain, "high", np.nan)
        if not np.isnan(low):
            axes.plot([angle, angle], [low, high], color=look.colour, linewidth=1, zorder=look.order - 0.5)


def _write_names(axes: PolarAxes, angles: np.ndarray, names: Sequence[str], room: float) -> None:
    """Write the capabilities around the circle, each on its outer side: centred, long ones would lie upon it.

    In lines of ``room`` inches: a condition may bear the names of its learner and its batch.
    """
    size = FontProperties(size=mpl.rcParams["xtick.labelsize"]).get_size_in_points()
    axes.set_xticks(angles, [in_lines(name, room, size) for name in names])
    axes.tick_params(axis="x", pad=4)
    for text, angle in zip(axes.get_xticklabels(), angles, strict=True):
        across, up = np.sin(angle), np.cos(angle)
        text.set_horizontalalignment("center" if abs(across) < 0.1 else "left" if across > 0 else "right")
        text.set_verticalalignment("center" if abs(up) < 0.5 else "bottom" if up > 0 else "top")


def _scale(axes: PolarAxes, values: Sequence[float]) -> None:
    """Set rings from below the lowest mean to the highest, the centre a margin further in."""
    low, high = min(-0.5, *values), max(0.5, *values)
    axes.set_rlim(low - 0.25 * (high - low), high + 0.1 * (high - low))
    axes.set_rlabel_position(180 / 7)
    axes.tick_params(axis="y", labelsize="small", labelcolor="#555555")
