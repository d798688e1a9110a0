"""Every strategy against every other on every data set, paired by seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Metric
from alrl.evaluation.statistics import Estimate, paired_difference
from alrl.numerics.streams import generator


@dataclass(frozen=True, kw_only=True)
class Pairwise:
    """Paired differences of AUBC in points, one for each data set and pair of strategies that share seeds."""

    differences: Mapping[tuple[str, str, str], Estimate]
    """By data set and the two strategies, the first minus the second."""

    def of(self, data_set: str, strategy: str, other: str) -> Estimate | None:
        """Return ``strategy`` minus ``other``; None where both are the same or share no seed."""
        known = self.differences.get((data_set, strategy, other))
        turned = self.differences.get((data_set, other, strategy))
        return known if turned is None else turned.mirrored


def pairwise_differences(comparison: Comparison, metric: Metric = "accuracy") -> Pairwise:
    """Return all paired differences of a comparison, each with Student's interval over its seeds."""
    estimates = {}
    for data_set in comparison.data_sets:
        for strategy, other in combinations(sorted(comparison.strategies), 2):
            pair = comparison.pair(data_set, strategy, other)
            if pair is not None:
                each = paired_difference(*pair, metric=metric)
                points = {name: 100 * getattr(each, name) for name in ("value", "low", "high")}
                estimates[data_set, strategy, other] = Estimate(**points, decides=each.decides)
    return Pairwise(differences=estimates)


def resampling(*names: str) -> np.random.Generator:
    """Return the stream of one resampled number, so that each is the same whatever else is computed.

    >>> float(resampling("midmean", "margin").random()) == float(resampling("midmean", "margin").random())
    True
    """
    return generator([0], " ".join(("bootstrap", *names)))
