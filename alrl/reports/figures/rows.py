"""Rows of a figure that has one for each data set: their height, their letters, and which stand if not all fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties

from alrl.reports.figures.canvas import SMALLEST

_LOWEST = 1.06 * SMALLEST / 72
"""Inches below which names of the smallest letters run into each other."""
_ROOMY = 0.15
"""Inches of each where data sets have to be left out: what is shown is to be read with ease."""
_FEWEST = 5


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What stands in the rows of a figure, the first on top."""

    names: tuple[str, ...]
    """Data sets; where some are left out, a name in the middle counts them, and its row is empty."""
    height: float
    """Inches of each."""
    ends: int
    """Data sets above and below that name each; 0 where none is left out."""

    def write_names(self, axes: Axes) -> None:
        """Name the rows along the axis, in letters that a row has room for."""
        usual = FontProperties(size=mpl.rcParams["ytick.labelsize"]).get_size_in_points()
        axes.set_yticks(range(len(self.names)), self.names, fontsize=max(min(usual, 72 * self.height / 1.06), SMALLEST))

    def note(self, words: str) -> str:
        """Return the sentence on what is left out, if anything is; ``words`` has a place for the number at each end."""
        return f" Rows: {words.format(self.ends)}; the others lie between." if self.ends else ""


def rows(values: Mapping[str, float], room: float, usual: float) -> Rows:
    """Return a row for each data set, ``usual`` inches high, or lower where ``room`` inches ask for it.

    Where names of the smallest letters have no room, those of the highest ``values`` stand on top, those of the lowest
    below, and a row between them counts the others.

    >>> rows({"iris": 0.2, "wine": 0.5}, room=7.0, usual=0.3)
    Rows(names=('iris', 'wine'), height=0.3, ends=0)
    >>> rows({f"set {place}": place for place in range(60)}, room=0.5, usual=0.3).names
    ('set 59', 'set 58', '(56 others)', 'set 1', 'set 0')
    """
    if len(values) <= max(int(room / _LOWEST), _FEWEST):
        return Rows(names=tuple(values), height=min(usual, max(room / len(values), _LOWEST)), ends=0)
    ends = (max(int(room / _ROOMY), _FEWEST) - 1) // 2
    order = sorted(values, key=lambda name: -values[name])
    names = (*order[:ends], f"({len(order) - 2 * ends} others)", *order[-ends:])
    return Rows(names=names, height=min(_ROOMY, max(room / len(names), _LOWEST)), ends=ends)
