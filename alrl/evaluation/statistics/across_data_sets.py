"""Differences over data sets as a sample of further ones: intervals and a Bayesian test with data sets as units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from alrl.evaluation.curves import Floats, mean_interval
from alrl.evaluation.statistics.estimate import Estimate, percentiles
from alrl.evaluation.statistics.ranks import SMALLEST_SAMPLE

ROPE = 0.1
"""Difference of AUBC in points within which two strategies count as equal in practice."""


def mean_difference(differences: Sequence[ArrayLike], level: float = 0.95) -> Estimate:
    """Return the mean over data sets of their mean differences, with Student's interval over the data sets.

    ``differences`` holds one array of seeds a data set. With fewer than SMALLEST_SAMPLE data sets there is no interval:
    its ends are nan.

    >>> mean_difference([[1.0, 3.0], [0.0, 0.0], [4.0, 4.0]]).value
    2.0
    """
    means = _means(differences)
    if means.size < SMALLEST_SAMPLE:
        return Estimate(value=float(means.mean()), low=np.nan, high=np.nan)
    mean, low, high = mean_interval(means, level)
    return Estimate(value=float(mean), low=float(low), high=float(high))


def midmean_over_data_sets(
    differences: Sequence[ArrayLike], rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Estimate:
    """Return the midmean of the differences of all runs, with data sets as units of its interval.

    The bootstrap is hierarchical: data sets are drawn with replacement, then seeds within each that is drawn. Few units
    make a percentile interval too narrow; its levels are moved outwards as Hesterberg 2015 does (the American
    Statistician 69, "expanded percentile"). With fewer than SMALLEST_SAMPLE data sets its ends are nan.
    """
    strata = [np.asarray(difference, dtype=np.float64) for difference in differences]
    value = float(stats.trim_mean(np.concatenate(strata), 0.25))
    count = len(strata)
    if count < SMALLEST_SAMPLE:
        return Estimate(value=value, low=np.nan, high=np.nan)
    if len({stratum.size for stratum in strata}) == 1:
        table, seeds = np.stack(strata), strata[0].size
        drawn = np.empty(resamples)
        for start in range(0, resamples, 100):
            size = min(100, resamples - start)
            sets = rng.integers(0, count, (size, count, 1))
            runs = table[sets, rng.integers(0, seeds, (size, count, seeds))]
            drawn[start : start + size] = stats.trim_mean(runs.reshape(size, -1), 0.25, axis=1)
    else:
        drawn = np.array([stats.trim_mean(_drawn(strata, rng), 0.25) for _ in range(resamples)])
    return percentiles(value, drawn, expanded(level, count))


def expanded(level: float, units: int) -> float:
    """Return the level that a percentile bootstrap over so few units has to be read at (Hesterberg 2015).

    >>> round(expanded(0.95, 6), 4), round(expanded(0.95, 1000), 4)
    (0.9951, 0.9504)
    """
    quantile = np.sqrt(units / (units - 1)) * stats.t.ppf((1 + level) / 2, units - 1)
    return float(2 * stats.norm.cdf(quantile) - 1)


def _drawn(strata: Sequence[Floats], rng: np.random.Generator) -> Floats:
    chosen = [strata[place] for place in rng.integers(0, len(strata), len(strata))]
    return np.concatenate([stratum[rng.integers(0, stratum.size, stratum.size)] for stratum in chosen])


@dataclass(frozen=True, kw_only=True)
class SignedRank:
    """Probabilities of the Bayesian signed-rank test (Benavoli et al. 2014); they add up to one."""

    worse: float
    equal: float
    """In practice: the difference lies within the region of practical equivalence."""
    better: float


def bayesian_signed_rank(
    differences: ArrayLike, rng: np.random.Generator, *, rope: float = ROPE, samples: int = 20_000
) -> SignedRank | None:
    """Return how probable it is that a strategy is worse, equal in practice, or better on a further data set.

    ``differences`` is (data sets,): each one's mean difference. The prior is a Dirichlet process of strength 0.5 at a
    difference of zero, as Benavoli et al. 2017 (JMLR 18) take it; in each of the ``samples`` of its posterior the
    likeliest of the three counts. None with fewer than SMALLEST_SAMPLE data sets.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.size < SMALLEST_SAMPLE:
        return None
    return signed_rank_posterior(values, rng, rope=rope, samples=samples)


def signed_rank_posterior(values: Floats, rng: np.random.Generator, *, rope: float, samples: int) -> SignedRank:
    """Return the same for any number of data sets."""
    prior = np.concatenate(([0.0], values))
    weights = rng.dirichlet(np.concatenate(([0.5], np.ones(values.size))), samples)
    sums = prior[:, None] + prior[None, :]
    worse, better = (_share(weights, sums < -2 * rope), _share(weights, sums > 2 * rope))
    equal = 1 - worse - better
    most = np.stack([worse, equal, better]).argmax(0)
    shares = np.bincount(most, minlength=3) / samples
    return SignedRank(worse=float(shares[0]), equal=float(shares[1]), better=float(shares[2]))


def _share(weights: Floats, pairs: np.ndarray) -> Floats:
    """Return the weight of the pairs of data sets that are so, (samples,)."""
    return np.asarray(((weights @ pairs.astype(np.float64)) * weights).sum(1))


def _means(differences: Sequence[ArrayLike]) -> Floats:
    return np.array([np.asarray(difference, dtype=np.float64).mean() for difference in differences])
