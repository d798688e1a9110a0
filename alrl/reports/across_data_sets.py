"""What a comparison says over all of its data sets: each strategy against the reference, and all against all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Floats, Metric
from alrl.evaluation.pairwise import resampling
from alrl.evaluation.statistics import (
    Estimate,
    SignedRank,
    bayesian_signed_rank,
    elo,
    mean_difference,
    midmean_difference,
    midmean_over_data_sets,
    pairs_won,
)


@dataclass(frozen=True, kw_only=True)
class Across:
    """One strategy against the reference over data sets: paired differences of AUBC, in points."""

    mean: Estimate
    """Mean over data sets, Student's interval over data sets; its ends are nan with too few of them."""
    midmean: Estimate
    """Mean of the middle half of all runs, interval over data sets and the seeds within them."""
    midmean_seeds: Estimate
    """The same, interval over the seeds of these data sets alone: it says nothing of others."""
    worst: tuple[str, float]
    """The data set with the lowest mean difference, and that difference."""
    pairs_won: Estimate
    """Share of the paired runs that end above the reference's, interval over seeds."""
    bayes: SignedRank | None
    """None with too few data sets."""


def across_data_sets(
    gaps: Mapping[str, Mapping[str, Floats]], metric: Metric, complete: Sequence[str]
) -> dict[str, Across]:
    """Return what each strategy's ``gaps`` to the reference come to: arrays of seeds by data set, by strategy.

    The Bayesian test counts ``complete`` data sets alone, on which every strategy ran, as the frequentist does.
    """
    results = {}
    for name, by_set in gaps.items():
        differences = list(by_set.values())
        means = {data_set: float(each.mean()) for data_set, each in by_set.items()}
        worst = min(means, key=lambda data_set: means[data_set])
        tested = [means[data_set] for data_set in complete if data_set in means]
        results[name] = Across(
            mean=mean_difference(differences),
            midmean=midmean_over_data_sets(differences, resampling("hierarchical midmean", metric, name)),
            midmean_seeds=midmean_difference(differences, resampling("IQM", metric, name)),
            worst=(worst, means[worst]),
            pairs_won=pairs_won(differences, resampling("improvement", metric, name)),
            bayes=bayesian_signed_rank(tested, resampling("signed rank", metric, name)),
        )
    return results


def elo_ratings(
    comparison: Comparison, strategies: Sequence[str], data_sets: Sequence[str], reference: str, metric: Metric
) -> dict[str, Estimate]:
    """Return Elo ratings over the data sets on which all of the strategies ran, ``reference`` at 1000."""
    if len(strategies) < 2 or not data_sets:
        return {}
    wins = {data_set: _wins(comparison, data_set, strategies, metric) for data_set in data_sets}
    return elo(wins, strategies, reference, resampling("Elo", metric))


def _wins(comparison: Comparison, data_set: str, strategies: Sequence[str], metric: Metric) -> Floats:
    """Return the share of the common seeds on which the row's strategy ends above the column's, ties half."""
    wins = np.full((len(strategies), len(strategies)), 0.5)
    for row, one in enumerate(strategies):
        for column, other in enumerate(strategies[:row]):
            pair = comparison.pair(data_set, one, other)
            if pair is not None:
                gap = pair[0].area(metric) - pair[1].area(metric)
                wins[row, column] = float((np.sign(gap) / 2 + 0.5).mean())
                wins[column, row] = 1 - wins[row, column]
    return wins
