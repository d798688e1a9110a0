"""Runs of many data sets taken together, with bootstraps that keep each data set's share (Agarwal et al. 2021).

Their intervals speak of these data sets under other seeds, not of other data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from alrl.evaluation.curves import Floats
from alrl.evaluation.statistics.estimate import Estimate, percentiles


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Share of runs beyond each threshold, (thresholds,) each."""

    thresholds: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def midmean_difference(
    differences: Sequence[ArrayLike], rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Estimate:
    """Return the midmean of the differences of all runs: the mean of their middle half.

    ``differences`` holds one array of seeds a data set. The bootstrap is stratified by data set, as that of Agarwal et
    al. 2021 is; their interquartile mean is of scores, this one of paired differences. It hides the worst and the best
    quarter of the runs: :func:`~alrl.evaluation.statistics.mean_difference` stands beside it.

    >>> rng = np.random.default_rng(0)
    >>> midmean_difference([[0.0, 1.0, 2.0, 3.0], [-100.0, 1.5, 2.5, 100.0]], rng).value
    1.75
    """
    strata = [np.asarray(difference, dtype=np.float64) for difference in differences]
    drawn = [_resample(stratum, rng, resamples) for stratum in strata]
    return percentiles(
        float(stats.trim_mean(np.concatenate(strata), 0.25)),
        stats.trim_mean(np.concatenate(drawn, axis=1), 0.25, axis=1),
        level,
    )


def pairs_won(
    differences: Sequence[ArrayLike], rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Estimate:
    """Return the share of the paired runs that end above their pair, ties counting half.

    Both runs of a pair share split and first sample, unlike those of the probability of improvement of Agarwal et al.
    2021, which compares every run with every other. Each data set weighs the same; the bootstrap is stratified by data
    set as in :func:`midmean_difference`.

    >>> pairs_won([[1.0, 2.0], [0.0, -1.0]], np.random.default_rng(0)).value
    0.625
    """
    strata = [np.sign(np.asarray(difference, dtype=np.float64)) / 2 + 0.5 for difference in differences]
    drawn = [_resample(stratum, rng, resamples).mean(1) for stratum in strata]
    return percentiles(float(np.mean([stratum.mean() for stratum in strata])), np.mean(drawn, axis=0), level)


def performance_profile(
    scores: Sequence[ArrayLike],
    thresholds: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 500,
) -> Profile:
    """Return share of runs whose score exceeds each threshold (Agarwal et al. 2021), each data set weighing the same.

    ``scores`` holds one array of seeds a data set, ``thresholds`` is (P,). The band is pointwise, of the stratified
    bootstrap.

    >>> performance_profile([[1.0, 2.0], [3.0]], [0.0, 1.0, 2.5], np.random.default_rng(0)).share
    (1.0, 0.75, 0.5)
    """
    at = np.asarray(thresholds, dtype=np.float64)
    strata = [np.asarray(score, dtype=np.float64) for score in scores]
    share = np.mean([_beyond(stratum, at) for stratum in strata], axis=0)
    drawn = np.mean([_beyond(_resample(stratum, rng, resamples), at) for stratum in strata], axis=0)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Profile(
        thresholds=tuple(at.tolist()),
        share=tuple(share.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
    )


def _beyond(scores: Floats, thresholds: Floats) -> Floats:
    """Return the share of ``scores`` (..., seeds) above each threshold, (..., P)."""
    ordered = np.sort(scores, axis=-1)
    rows = ordered.reshape(-1, ordered.shape[-1])
    # One search a resample: comparing all with all would hold resamples x seeds x thresholds at once.
    up_to = np.stack([np.searchsorted(row, thresholds, side="right") for row in rows])
    return np.asarray(1 - up_to.reshape(*ordered.shape[:-1], thresholds.size) / ordered.shape[-1])


def _resample(values: Floats, rng: np.random.Generator, resamples: int) -> Floats:
    """Return rows of seeds drawn with replacement, (resamples, seeds)."""
    return np.asarray(values[rng.integers(0, values.size, (resamples, values.size))])
