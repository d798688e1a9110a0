"""Intervals of shares."""

from __future__ import annotations

import math

_Z = 1.959963984540054


def wilson(right: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of ``right`` among ``count`` independent trials (Wilson 1927).

    >>> [round(each, 3) for each in wilson(18, 20)]
    [0.699, 0.972]
    """
    if count <= 0:
        return 0.0, 1.0
    share, z2 = right / count, _Z**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    # Rounding must not put the share outside its own interval.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
