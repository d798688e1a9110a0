"""A number with the interval that resampling gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from alrl.errors import InvalidDataError
from alrl.evaluation.curves import Curves, Floats, Metric

WinTieLoss = Literal["win", "tie", "loss"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and its bootstrap interval."""

    value: float
    low: float
    high: float

    @property
    def outcome(self) -> WinTieLoss:
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
    """Return ``value`` with the percentile interval of its resampled counterparts (resamples,)."""
    # "lower" and "higher" touch real resamples alone, so that an infinite one spoils no interpolation.
    low = np.quantile(resampled, (1 - level) / 2, method="lower")
    high = np.quantile(resampled, (1 + level) / 2, method="higher")
    return Estimate(value=value, low=float(low), high=float(high))


def paired_difference(
    a: Curves,
    b: Curves,
    rng: np.random.Generator,
    *,
    metric: Metric = "accuracy",
    level: float = 0.95,
    resamples: int = 5000,
) -> Estimate:
    """Return mean difference of AUBC, ``a`` minus ``b``, over the same seeds of one data set.

    With a percentile bootstrap.

    Its ``outcome`` is the win, tie or loss of ``a``. It speaks of this data set alone. With a single seed the interval
    is unbounded, hence a tie. Raises InvalidDataError if data set, learner, batch size, labels or seeds differ.
    """
    for name in ("data_set", "learner", "batch", "labels", "seeds"):
        if getattr(a, name) != getattr(b, name):
            raise InvalidDataError(
                f"{a.strategy} and {b.strategy} differ in {name}, {getattr(a, name)} and {getattr(b, name)}: "
                "a paired difference needs runs on the same splits"
            )
    difference = a.area(metric) - b.area(metric)
    value = float(difference.mean())
    if difference.size == 1:
        return Estimate(value=value, low=-np.inf, high=np.inf)
    interval = stats.bootstrap(
        (difference,), np.mean, n_resamples=resamples, confidence_level=level, method="percentile", rng=rng
    ).confidence_interval
    return Estimate(value=value, low=float(interval.low), high=float(interval.high))
