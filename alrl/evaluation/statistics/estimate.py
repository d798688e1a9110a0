"""A number with its interval: Student's of paired differences, or one that resampling gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from alrl.errors import InvalidDataError
from alrl.evaluation.curves import Curves, Floats, Metric, mean_interval

WinTieLoss = Literal["win", "tie", "loss"]
FEWEST_SEEDS = 6
"""Paired seeds that a win or a loss needs: with five, no two-sided signed-rank test can fall below 0.05."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and its interval."""

    value: float
    low: float
    high: float
    decides: bool = True
    """Whether there are runs enough for a win or a loss."""

    @property
    def outcome(self) -> WinTieLoss:
        """Win if the whole interval is above zero, loss if it is below, else a tie; a tie where nothing is decided."""
        if not self.decides:
            return "tie"
        return "win" if self.low > 0 else "loss" if self.high < 0 else "tie"

    @property
    def mirrored(self) -> Estimate:
        """The same seen from the other side of a difference.

        >>> Estimate(value=0.5, low=0.25, high=1.0).mirrored
        Estimate(value=-0.5, low=-1.0, high=-0.25, decides=True)
        """
        return Estimate(value=-self.value, low=-self.high, high=-self.low, decides=self.decides)


def percentiles(value: float, resampled: Floats, level: float = 0.95) -> Estimate:
    """Return ``value`` with the percentile interval of its resampled counterparts (resamples,)."""
    # "lower" and "higher" touch real resamples alone, so that an infinite one spoils no interpolation.
    low = np.quantile(resampled, (1 - level) / 2, method="lower")
    high = np.quantile(resampled, (1 + level) / 2, method="higher")
    return Estimate(value=value, low=float(low), high=float(high))


def paired_difference(a: Curves, b: Curves, *, metric: Metric = "accuracy", level: float = 0.95) -> Estimate:
    """Return mean difference of AUBC, ``a`` minus ``b``, over the same seeds of one data set, with Student's interval.

    Its ``outcome`` is the win, tie or loss of ``a``; fewer seeds than FEWEST_SEEDS carry neither, and are a tie. It
    speaks of this data set alone. With a single seed the interval is unbounded. Raises InvalidDataError if data set,
    learner, condition, batch size, labels or seeds differ.
    """
    for name in ("data_set", "learner", "condition", "batch", "labels", "seeds"):
        if getattr(a, name) != getattr(b, name):
            raise InvalidDataError(
                f"{a.strategy} and {b.strategy} differ in {name}, {getattr(a, name)} and {getattr(b, name)}: "
                "a paired difference needs runs on the same splits"
            )
    difference = a.area(metric) - b.area(metric)
    value = float(difference.mean())
    if difference.size == 1:
        return Estimate(value=value, low=-np.inf, high=np.inf)
    _, low, high = mean_interval(difference, level)
    return Estimate(value=value, low=float(low), high=float(high), decides=difference.size >= FEWEST_SEEDS)
