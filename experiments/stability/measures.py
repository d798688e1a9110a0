"""The three measures: the metric, the picks, and the ranking of rules, each of a variant against the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from alrl.evaluation.curves import Curves
from alrl.evaluation.statistics import Estimate, mean_difference


@dataclass(frozen=True, kw_only=True)
class Stability:
    """One rule, or the ranking of all, of one variant against the base; nan where there is nothing to compare."""

    variant: str
    rule: str
    metric: Estimate
    """Difference of AUBC of accuracy in points, the variant less the base: mean over data sets, interval over them."""
    picks: float
    """Jaccard index of the records that both have picked so far: mean over rounds, seeds and data sets."""
    last: float
    """The same after the last round."""


def stability(variant: str, rule: str, pairs: Sequence[tuple[Curves, Curves]], *, same_pool: bool) -> Stability:
    """Return the measures of pairs of curves, (base, variant), one a data set; seeds agree in place."""
    differences = [100 * (other.aubc - base.aubc) for base, other in pairs]
    agreements = [jaccard(base.picks, other.picks, max(base.batch, other.batch)) for base, other in pairs]
    means = [each.mean(0) for each in agreements] if same_pool else [np.full(1, np.nan)]
    return Stability(
        variant=variant,
        rule=rule,
        metric=mean_difference(differences),
        picks=float(np.mean([each.mean() for each in means])),
        last=float(np.mean([each[-1] for each in means])),
    )


def jaccard(first: ArrayLike, second: ArrayLike, batch: int) -> np.ndarray:
    """Return the shared part of the records picked by two runs after each ``batch`` picks, (seeds, rounds).

    Picks are (seeds, labels), -1 for none. The shared part is that of the union (Jaccard 1901).

    >>> jaccard([[1, 2, 3, 4]], [[2, 1, 5, 4]], 2).round(3).tolist()
    [[1.0, 0.6]]
    """
    one, two = np.asarray(first), np.asarray(second)
    ends = range(batch, one.shape[1] + 1, batch)
    return np.array([[_shared(a[:end], b[:end]) for end in ends] for a, b in zip(one, two, strict=True)])


def _shared(one: np.ndarray, two: np.ndarray) -> float:
    a, b = set(one.tolist()) - {-1}, set(two.tolist()) - {-1}
    return len(a & b) / len(a | b) if a | b else 1.0


def rank_correlation(base: Mapping[str, ArrayLike], other: Mapping[str, ArrayLike]) -> Estimate:
    """Return Kendall's tau-b of the rules' mean areas, mean over data sets with Student's interval over them.

    Both hold the means of the rules, in one order, by data set.

    >>> rank_correlation({"iris": [0.9, 0.8, 0.7]}, {"iris": [0.9, 0.7, 0.8]}).value.__round__(3)
    0.333
    """
    taus = [float(stats.kendalltau(base[name], other[name]).statistic) for name in base]
    return mean_difference([[0.0 if np.isnan(tau) else tau] for tau in taus])
