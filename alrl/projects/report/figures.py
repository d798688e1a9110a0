"""Figures of a report as SVG: lines over labels, drawn from numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 680, 280, 58, 40, 12, 14
_TICKS = 4
_STYLE = (
    "<style>.axis{stroke:#8884}.band{fill:#0b6b5d22}.curve{fill:none;stroke:#0b6b5d;stroke-width:2}"
    ".other{fill:none;stroke:#9a4a00;stroke-width:2;stroke-dasharray:5 4}.dot{fill:#0b6b5d}"
    ".hollow{fill:none;stroke:#0b6b5d}text{font:12px system-ui,sans-serif;fill:#777}</style>"
)


def chart(
    title: str,
    x: Sequence[float],
    y: Sequence[float],
    *,
    band: tuple[Sequence[float], Sequence[float]] | None = None,
    level: tuple[str, float] | None = None,
    beside: tuple[Sequence[float], Sequence[float]] = ((), ()),
    shown: Callable[[float], str],
    across: str,
) -> str:
    """Return a line through points as an SVG document.

    Args:
        title: what a screen reader says.
        x: ascending, such as labels.
        y: as many values.
        band: lower and upper ends of their intervals.
        level: a name and a value that a dashed line shows.
        beside: points of another kind, as hollow dots that no line joins.
        shown: how a tick of the vertical axis is written.
        across: what the horizontal axis shows.

    >>> "<svg" in chart("accuracy", [10, 20], [0.5, 0.7], shown=str, across="labels")
    True
    """
    every = [*y, *beside[1], *(band[0] if band else ()), *(band[1] if band else ()), *([level[1]] if level else ())]
    low, high = min(every), max(every)
    high = high if high > low else low + 1
    first, last = min(*x, *beside[0], x[0]), max(*x, *beside[0], x[0])
    span = (last - first) or 1

    def at(point: float, value: float) -> str:
        across_by = _LEFT + (_WIDTH - _LEFT - _RIGHT) * (point - first) / span
        down_by = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)
        return f"{across_by:.1f},{down_by:.1f}"

    parts = []
    for tick in range(_TICKS + 1):
        value = low + (high - low) * tick / _TICKS
        down = at(x[0], value).split(",")[1]
        parts.append(
            f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down}" y2="{down}"/>'
            f'<text x="{_LEFT - 8}" y="{float(down) + 4:.1f}" text-anchor="end">{escape(shown(value))}</text>'
        )
    for point in dict.fromkeys((first, last)):
        left = at(point, low).split(",")[0]
        parts.append(f'<text x="{left}" y="{_HEIGHT - 20}" text-anchor="middle">{point:g}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(across)}</text>')
    if band:
        ends = [*(at(*each) for each in zip(x, band[1], strict=True))]
        ends += reversed([at(*each) for each in zip(x, band[0], strict=True)])
        parts.append(f'<polygon class="band" points="{" ".join(ends)}"/>')
    if level:
        start, end = at(first, level[1]), at(last, level[1])
        left, down = start.split(",")
        parts.append(
            f'<polyline class="other" points="{start} {end}"/>'
            f'<text x="{float(left) + 6:.1f}" y="{float(down) + 15:.1f}">{escape(level[0])}</text>'
        )
    parts.append(f'<polyline class="curve" points="{" ".join(at(*each) for each in zip(x, y, strict=True))}"/>')
    for pair in zip(x, y, strict=True):
        left, down = at(*pair).split(",")
        parts.append(f'<circle class="dot" cx="{left}" cy="{down}" r="3"/>')
    for pair in zip(*beside, strict=True):
        left, down = at(*pair).split(",")
        parts.append(f'<circle class="hollow" cx="{left}" cy="{down}" r="3"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{escape(title)}">{_STYLE}{"".join(parts)}</svg>'
    )
