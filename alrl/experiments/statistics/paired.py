"""Which of two strategies is better on one data set."""

from __future__ import annotations

import numpy as np
from scipy import stats

from alrl.errors import InvalidDataError
from alrl.experiments.statistics.estimate import Estimate
from alrl.loop.curves import Curves, Metric


def paired_difference(
    a: Curves,
    b: Curves,
    rng: np.random.Generator,
    *,
    metric: Metric = "accuracy",
    level: float = 0.95,
    resamples: int = 5000,
) -> Estimate:
    """Mean difference of AUBC, ``a`` minus ``b``, over the same seeds of one data set, with a percentile bootstrap.

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
