"""Theirs beside ours: means over seeds, and US-C seed by seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from alrl.evaluation.curves import Curves
from experiments.lu2023.data import PublishedSet
from experiments.lu2023.episode import published_aubc
from experiments.lu2023.published import published_means, published_seeds

TOLERANCE = 2.5
"""Combined standard errors within which two means agree."""
SEED_TOLERANCE = 1e-4
"""Difference in area within which two results of one seed agree."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One data set and strategy."""

    data: PublishedSet
    strategy: str
    """As the benchmark calls it."""
    seeds: int
    """Played by us."""
    mean: float
    """Of the benchmark's area under the budget curve."""
    error: float
    """Standard error of the mean; nan with one seed."""
    own_mean: float
    """Of alrl's area, which counts the accuracy before the first query."""
    their_mean: float
    their_error: float

    @property
    def gap(self) -> float:
        """Our mean less theirs, in combined standard errors."""
        return (self.mean - self.their_mean) / float(np.hypot(self.error, self.their_error))

    @property
    def agrees(self) -> bool:
        """Whether the means agree; never with one seed."""
        return abs(self.gap) <= TOLERANCE

    @property
    def complete(self) -> bool:
        """Whether as many seeds were played as theirs."""
        return self.seeds == self.data.seeds


def compare(curves: Sequence[Curves], data: PublishedSet, strategy: str) -> Row:
    """Return the row of a data set and strategy, from curves of blocks of its seeds."""
    areas = np.concatenate([published_aubc(each.accuracy) for each in curves])
    theirs = published_means()[data.name, strategy]
    return Row(
        data=data,
        strategy=strategy,
        seeds=len(areas),
        mean=float(areas.mean()),
        error=_error(areas.std(ddof=1), len(areas)) if len(areas) > 1 else float("nan"),
        own_mean=float(np.concatenate([each.aubc for each in curves]).mean()),
        their_mean=theirs.mean,
        their_error=_error(theirs.deviation, data.seeds),
    )


def _error(deviation: float, count: int) -> float:
    return float(deviation / np.sqrt(count))


@dataclass(frozen=True, kw_only=True)
class SeedCheck:
    """US-C seed by seed, on a data set whose rows are theirs."""

    data: str
    seeds: int
    """Compared."""
    agreeing: int
    """Within 1e-4."""
    largest: float
    """Largest difference."""


def check_seeds(curves: Sequence[Curves], data: PublishedSet) -> SeedCheck | None:
    """Return each seed of US-C against theirs; None where rows differ, or no seed is both published and played."""
    theirs = published_seeds().get(data.name.lower(), {})
    if data.difference:
        return None
    gaps = [
        abs(float(area) - theirs[seed])
        for each in curves
        for seed, area in zip(each.seeds, published_aubc(each.accuracy), strict=True)
        if seed in theirs
    ]
    if not gaps:
        return None
    # Theirs is rounded to five digits.
    agreeing = sum(gap <= SEED_TOLERANCE + 5e-6 for gap in gaps)
    return SeedCheck(data=data.name, seeds=len(gaps), agreeing=agreeing, largest=max(gaps))


def agreeing_sets(rows: Iterable[Row]) -> tuple[list[str], list[str]]:
    """Return data sets on which every strategy agrees, and those on which one does not.

    Sets without a row are in neither.
    """
    agrees: dict[str, bool] = {}
    for row in rows:
        agrees[row.data.name] = agrees.get(row.data.name, True) and row.agrees
    return [name for name, well in agrees.items() if well], [name for name, well in agrees.items() if not well]
