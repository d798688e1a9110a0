"""A number with the interval that resampling gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from alrl.loop.curves import Floats

Outcome = Literal["win", "tie", "loss"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and its bootstrap interval."""

    value: float
    low: float
    high: float

    @property
    def outcome(self) -> Outcome:
        """Win if the whole interval is above zero, loss if it is below, else a tie."""
        return "win" if self.low > 0 else "loss" if self.high < 0 else "tie"

    @property
    def mirrored(self) -> Estimate:
        """The same seen from the other side of a difference.

        >>> Estimate(value=0.5, low=0.25, high=1.0).mirrored
        Estimate(value=-0.5, low=-1.0, high=-0.25)
        """
        return Estimate(value=-self.value, low=-self.high, high=-self.low)


def percentiles(value: float, resampled: Floats, level: float = 0.95) -> Estimate:
    """``value`` with the percentile interval of its resampled counterparts (resamples,)."""
    # "lower" and "higher" touch real resamples alone, so that an infinite one spoils no interpolation.
    low = np.quantile(resampled, (1 - level) / 2, method="lower")
    high = np.quantile(resampled, (1 + level) / 2, method="higher")
    return Estimate(value=value, low=float(low), high=float(high))
