"""Wilcoxon's signed-rank test with data sets as units, corrected for the number of comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike
from scipy import stats

from alrl.experiments.statistics.ranks import SMALLEST_SAMPLE, score_table


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
