"""Ranks of strategies over data sets, and the tests of whether they differ (Demšar 2006)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from alrl.errors import InvalidDataError
from alrl.evaluation.curves import Floats

SMALLEST_SAMPLE = 6
"""Data sets that a test across them needs: with five, no two-sided signed-rank test can fall below 0.05."""


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


def ranks(scores: ArrayLike) -> Floats:
    """Return rank of each strategy on each data set, (data sets, strategies); the highest score has rank 1, ties share.

    >>> ranks([[0.9, 0.7, 0.9], [0.5, 0.8, 0.6]]).tolist()
    [[1.5, 3.0, 1.5], [3.0, 1.0, 2.0]]
    """
    return np.asarray(stats.rankdata(-score_table(scores), axis=1), dtype=np.float64)


def mean_ranks(scores: ArrayLike) -> Floats:
    """Return the mean rank of each strategy over the data sets, (strategies,).

    >>> mean_ranks([[0.9, 0.7], [0.8, 0.6]]).tolist()
    [1.0, 2.0]
    """
    return np.asarray(ranks(scores).mean(0))


def friedman(scores: ArrayLike) -> Friedman | None:
    """Return Friedman's test over data sets; None with fewer than SMALLEST_SAMPLE data sets or three strategies."""
    table = score_table(scores)
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
    """Return critical difference of mean ranks (Nemenyi; Demšar 2006).

    >>> round(nemenyi(4, 14), 4), round(nemenyi(10, 30), 3)
    (1.2536, 2.473)
    """
    quantile = stats.studentized_range.ppf(level, strategies, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(strategies * (strategies + 1) / (6 * data_sets)))


def cliques(mean_ranks: Mapping[str, float], critical_difference: float) -> list[tuple[str, ...]]:
    """Return largest groups of strategies whose mean ranks lie within ``critical_difference``, best first; none alone.

    >>> cliques({"a": 1.0, "b": 1.8, "c": 2.4, "d": 4.0}, 1.0)
    [('a', 'b'), ('b', 'c')]
    """
    order = sorted(mean_ranks, key=lambda name: mean_ranks[name])
    groups: list[tuple[str, ...]] = []
    end = 0
    for start, name in enumerate(order):
        reach = start
        while reach + 1 < len(order) and mean_ranks[order[reach + 1]] - mean_ranks[name] <= critical_difference:
            reach += 1
        if reach > start and reach >= end:
            groups.append(tuple(order[start : reach + 1]))
            end = reach + 1
    return groups


def score_table(scores: ArrayLike) -> Floats:
    """Return ``scores`` as floats, (data sets, strategies). Raises InvalidDataError unless all are finite."""
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
        raise InvalidDataError(
            f"scores of shape {table.shape} given; ranks need a finite number for every data set and strategy: "
            "leave out the data sets that are incomplete"
        )
    return table


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values adjusted by Holm's step-down method, under the same names.

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
    """Return Holm-adjusted p-values of Wilcoxon's signed-rank test of each other strategy against ``reference``.

    ``scores`` is (data sets, strategies). Zero differences are split between the signs (Demšar 2006). None with fewer
    than SMALLEST_SAMPLE data sets.
    """
    table = score_table(scores)
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
