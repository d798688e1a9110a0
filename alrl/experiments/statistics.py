"""Statistics of a comparison: seeds tell about one data set, data sets are the unit of every test across them.

Each function that resamples takes a NumPy generator: give it that of a named stream
(:func:`alrl.loop.streams.generator`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from alrl.errors import InvalidDataError
from alrl.loop.curves import Curves, Floats, Metric

SMALLEST_SAMPLE = 6
"""Data sets that a test across them needs: with five, no two-sided signed-rank test can fall below 0.05."""

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


@dataclass(frozen=True, kw_only=True)
class Friedman:
    """Friedman's test of equal ranks, as Demšar 2006 writes it."""

    chi_square: float
    """Without correction for ties."""
    chi_square_tied: float
    """With scipy's correction for ties."""
    p_tied: float
    """p-value of the latter."""
    f: float
    """Iman and Davenport's F, from the uncorrected chi-square; infinite where the ranks agree wholly."""
    p_f: float
    critical_difference: float
    """Nemenyi: mean ranks further apart than this differ at 0.05."""


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


def ranks(scores: ArrayLike) -> Floats:
    """Rank of each strategy on each data set, (data sets, strategies); the highest score has rank 1, ties share.

    >>> ranks([[0.9, 0.7, 0.9], [0.5, 0.8, 0.6]]).tolist()
    [[1.5, 3.0, 1.5], [3.0, 1.0, 2.0]]
    """
    return np.asarray(stats.rankdata(-_table(scores), axis=1), dtype=np.float64)


def mean_ranks(scores: ArrayLike) -> Floats:
    """Mean rank of each strategy over the data sets, (strategies,).

    >>> mean_ranks([[0.9, 0.7], [0.8, 0.6]]).tolist()
    [1.0, 2.0]
    """
    return np.asarray(ranks(scores).mean(0))


def friedman(scores: ArrayLike) -> Friedman | None:
    """Friedman's test over data sets; None with fewer than SMALLEST_SAMPLE data sets or three strategies."""
    table = _table(scores)
    sets, strategies = table.shape
    if sets < SMALLEST_SAMPLE or strategies < 3:
        return None
    mean = mean_ranks(table)
    chi_square = (
        12 * sets / (strategies * (strategies + 1)) * float((mean**2).sum() - strategies * (strategies + 1) ** 2 / 4)
    )
    room = sets * (strategies - 1) - chi_square
    f = (sets - 1) * chi_square / room if room > 1e-9 else np.inf
    tied = (table == table[:, :1]).all()
    corrected = (0.0, 1.0) if tied else tuple(stats.friedmanchisquare(*table.T))
    return Friedman(
        chi_square=chi_square,
        chi_square_tied=float(corrected[0]),
        p_tied=float(corrected[1]),
        f=float(f),
        p_f=float(stats.f.sf(f, strategies - 1, (strategies - 1) * (sets - 1))),
        critical_difference=nemenyi(strategies, sets),
    )


def nemenyi(strategies: int, data_sets: int, level: float = 0.95) -> float:
    """Critical difference of mean ranks (Nemenyi; Demšar 2006).

    >>> round(nemenyi(4, 14), 4), round(nemenyi(10, 30), 3)
    (1.2536, 2.473)
    """
    quantile = stats.studentized_range.ppf(level, strategies, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(strategies * (strategies + 1) / (6 * data_sets)))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted by Holm's step-down method, under the same names.

    >>> {name: round(p, 4) for name, p in holm({"a": 0.01, "b": 0.04, "c": 0.03}).items()}
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    adjusted: dict[str, float] = {}
    floor = 0.0
    for place, name in enumerate(sorted(p_values, key=lambda each: p_values[each])):
        floor = max(floor, min(1.0, (len(p_values) - place) * p_values[name]))
        adjusted[name] = floor
    return {name: adjusted[name] for name in p_values}


def wilcoxon_holm(scores: ArrayLike, strategies: Sequence[str], reference: str) -> dict[str, float] | None:
    """Holm-adjusted p-values of Wilcoxon's signed-rank test of each other strategy against ``reference``.

    ``scores`` is (data sets, strategies). Zero differences are split between the signs (Demšar 2006). None with fewer
    than SMALLEST_SAMPLE data sets.
    """
    table = _table(scores)
    if table.shape[0] < SMALLEST_SAMPLE:
        return None
    base = table[:, list(strategies).index(reference)]
    p_values = {}
    for column, name in enumerate(strategies):
        if name != reference:
            difference = table[:, column] - base
            tied = not difference.any()
            p_values[name] = 1.0 if tied else float(stats.wilcoxon(difference, zero_method="zsplit").pvalue)
    return holm(p_values)


def interquartile_mean(
    differences: Sequence[ArrayLike], rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Estimate:
    """Interquartile mean of the differences of all runs, with a bootstrap stratified by data set (Agarwal et al. 2021).

    ``differences`` holds one array of seeds a data set. The interval speaks of these data sets under other seeds, not
    of other data sets.
    """
    strata = [np.asarray(each, dtype=np.float64) for each in differences]
    drawn = [each[rng.integers(0, each.size, (resamples, each.size))] for each in strata]
    return _estimate(
        float(stats.trim_mean(np.concatenate(strata), 0.25)),
        stats.trim_mean(np.concatenate(drawn, axis=1), 0.25, axis=1),
        level,
    )


def probability_of_improvement(
    differences: Sequence[ArrayLike], rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Estimate:
    """Chance that a run on a random data set and seed ends above its pair, ties counting half.

    After Agarwal et al. 2021, but paired: both runs of a pair share split and first sample. Each data set weighs the
    same; the bootstrap is stratified by data set as in :func:`interquartile_mean`.
    """
    strata = [np.sign(np.asarray(each, dtype=np.float64)) / 2 + 0.5 for each in differences]
    drawn = [each[rng.integers(0, each.size, (resamples, each.size))].mean(1) for each in strata]
    return _estimate(float(np.mean([each.mean() for each in strata])), np.mean(drawn, axis=0), level)


def _estimate(value: float, resampled: NDArray[np.float64], level: float) -> Estimate:
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value=value, low=float(low), high=float(high))


def _table(scores: ArrayLike) -> Floats:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
        raise InvalidDataError(
            f"scores of shape {table.shape} given; ranks need a finite number for every data set and strategy: "
            "leave out the data sets that are incomplete"
        )
    return table
