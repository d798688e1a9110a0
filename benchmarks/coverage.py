"""Simulate how often intervals hold the value that they are for: ``python -m benchmarks.coverage`` prints a table.

Differences of AUBC in points are drawn: a data set's mean from a population of data sets (standard deviation 1), its
seeds around that mean (standard deviation 2), from normal or skewed (shifted exponential) distributions. The value is
the population's; an interval of 95 % is to hold it in 95 % of the trials: 500 of one data set, 250 over data sets.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from alrl.evaluation.curves import Floats, mean_interval
from alrl.evaluation.statistics import Estimate, mean_difference, midmean_difference, midmean_over_data_sets
from alrl.evaluation.table import Table

TRIALS, RESAMPLES = 500, 400
_SEEDS_SD = 2.0
_SHAPES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Floats]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "skewed": lambda rng, shape: rng.exponential(size=shape) - 1,
}


def over_seeds(trials: int = TRIALS) -> Table:
    """Return the coverage of a mean over seeds by Student's interval and by the percentile bootstrap."""
    rows = []
    for shape, draw in _SHAPES.items():
        for seeds in (5, 10, 30, 50):
            rng = np.random.default_rng(0)
            runs = draw(rng, (trials, seeds))
            _, low, high = mean_interval(runs.T)
            drawn = np.stack([runs[:, rng.integers(0, seeds, seeds)].mean(1) for _ in range(RESAMPLES)])
            ends = np.quantile(drawn, [0.025, 0.975], axis=0)
            rows.append((shape, str(seeds), _share(low, high), _share(*ends)))
    return Table(header=("differences", "seeds", "Student's t", "percentile bootstrap"), rows=tuple(rows))


def over_data_sets(trials: int = TRIALS // 2) -> Table:
    """Return the coverage of the population's mean and midmean, by the three intervals that reports give."""
    rows = []
    for shape, draw in _SHAPES.items():
        large = np.random.default_rng(1)
        population = draw(large, (2_000_000,)) + _SEEDS_SD * draw(large, (2_000_000,))
        midmean = float(stats.trim_mean(population, 0.25))
        for sets, seeds in ((6, 10), (10, 50), (34, 50)):
            rng = np.random.default_rng(0)
            kept = np.zeros(3)
            for _ in range(trials):
                runs = list(draw(rng, (sets, 1)) + _SEEDS_SD * draw(rng, (sets, seeds)))
                wide = midmean_over_data_sets(runs, rng, resamples=RESAMPLES)
                narrow = midmean_difference(runs, rng, resamples=RESAMPLES)
                kept += [_holds(mean_difference(runs), 0.0), _holds(wide, midmean), _holds(narrow, midmean)]
            rows.append((shape, str(sets), str(seeds), *(f"{100 * share:.0f} %" for share in kept / trials)))
    header = ("differences", "data sets", "seeds", "mean, Student's t", "midmean, hierarchical", "midmean, seeds alone")
    return Table(header=header, rows=tuple(rows))


def _share(low: Floats, high: Floats) -> str:
    return f"{100 * float(((low <= 0) & (high >= 0)).mean()):.0f} %"


def _holds(estimate: Estimate, value: float) -> bool:
    return estimate.low <= value <= estimate.high


if __name__ == "__main__":
    print(over_seeds().to_markdown(), flush=True)
    print(over_data_sets().to_markdown())
