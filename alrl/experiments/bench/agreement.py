"""Whether two sides learn the same: learning curves of the same tasks, compared by their area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from alrl.loop.curves import aubc

AGREEMENT = 0.002
"""Mean difference of AUBC that is none, whatever its standard error."""
LEVEL = 0.001
"""Share of runs in which two sides that learn the same are found to differ."""
FEW = 8
"""Seeds below which noise is not told from difference."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Paired differences of AUBC over seeds, tested by Student's t; or exactly, where there is no chance in them.

    >>> noisy, shifted = (0.01, -0.01, 0.02, -0.02) * 4, (0.05, 0.06, 0.04, 0.05) * 4
    >>> Agreement(differences=noisy).same, Agreement(differences=shifted).same
    (True, False)
    >>> print(Agreement(differences=(0.004, 0.005), exact=True))
    +0.0045 ± 0.0005 (up to 0.0020): DIFFERENT
    """

    differences: tuple[float, ...]
    """AUBC of ours minus that of the other side, one a seed."""
    exact: bool = False
    """Whether noise is no excuse: both sides do the same on the same records."""

    @classmethod
    def of(cls, ours: NDArray[np.float64], theirs: NDArray[np.float64], *, exact: bool = False) -> Agreement:
        """From the learning curves of the same seeds, (seeds, points) each."""
        return cls(differences=tuple(float(gap) for gap in aubc(ours) - aubc(theirs)), exact=exact)

    @property
    def mean(self) -> float:
        """Mean difference."""
        return float(np.mean(self.differences))

    @property
    def error(self) -> float:
        """Standard error of the mean; nan for a single seed."""
        n = len(self.differences)
        return float(np.std(self.differences, ddof=1) / n**0.5) if n > 1 else float("nan")

    @property
    def told(self) -> bool:
        """Whether there are seeds enough to tell a difference from noise."""
        return self.exact or len(self.differences) >= FEW

    @property
    def allowed(self) -> float:
        """Largest mean difference, in either direction, that is no difference; infinite for too few seeds."""
        if self.exact:
            return AGREEMENT
        if not self.told:
            return float("inf")
        return max(AGREEMENT, float(stdtrit(len(self.differences) - 1, 1 - LEVEL / 2)) * self.error)

    @property
    def same(self) -> bool:
        """Whether the curves are the same within what is allowed."""
        return abs(self.mean) <= self.allowed

    def __str__(self) -> str:
        shown = f"{self.mean:+.4f}" + (f" ± {self.error:.4f}" if len(self.differences) > 1 else "")
        if not self.told:
            return f"{shown}: too few seeds to tell"
        return f"{shown} (up to {self.allowed:.4f}): {'same' if self.same else 'DIFFERENT'}"
