"""What tables, figures and the page say of a comparison, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alrl.errors import InvalidDataError
from alrl.experiments.statistics import (
    Estimate,
    Friedman,
    friedman,
    interquartile_mean,
    mean_ranks,
    paired_difference,
    probability_of_improvement,
    wilcoxon_holm,
)
from alrl.loop.comparison import Comparison
from alrl.loop.curves import Floats, Metric, mean_interval
from alrl.loop.streams import generator


@dataclass(frozen=True, kw_only=True)
class Cell:
    """AUBC of one strategy on one data set, in points (0 to 100)."""

    mean: float
    half_width: float
    """Half the 95 % Student-t interval over seeds; nan for a single seed."""
    best: bool
    """Highest of its data set at the two decimals shown."""
    against_random: Estimate | None
    """Paired difference to random, points; None for random itself or where there is none."""
    against_reference: Estimate | None
    """Paired difference to the reference, points; None for the reference itself or where there is none."""

    @property
    def worse_than_random(self) -> bool:
        """True where the whole 95 % interval of the paired difference lies below zero."""
        return self.against_random is not None and self.against_random.outcome == "loss"

    def __str__(self) -> str:
        """Mean ± half width, two decimals."""
        return f"{self.mean:.2f}" if np.isnan(self.half_width) else f"{self.mean:.2f} ± {self.half_width:.2f}"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Numbers of one comparison in one metric. Across data sets, only those that every strategy ran on count."""

    metric: Metric
    data_sets: tuple[str, ...]
    strategies: tuple[str, ...]
    learner: str
    batch: int
    reference: str
    emphasis: str | None
    """The strategy that the study is about."""
    cells: Mapping[tuple[str, str], Cell]
    ranked: tuple[str, ...]
    """Data sets on which every strategy ran."""
    ranks: Mapping[str, float]
    """Mean rank over them, 1 is best; empty if there are none."""
    friedman: Friedman | None
    wilcoxon: Mapping[str, float] | None
    """Holm-adjusted p-values of each strategy against the reference; None with too few data sets."""
    interquartile: Mapping[str, Estimate]
    """Interquartile mean of paired differences to the reference, points."""
    improvement: Mapping[str, Estimate]
    """Probability of improvement over the reference."""

    def record(self, strategy: str) -> tuple[int, int, int]:
        """Data sets on which the strategy wins, ties and loses against the reference."""
        cells = [self.cells.get((data_set, strategy)) for data_set in self.data_sets]
        outcomes = [cell.against_reference.outcome for cell in cells if cell and cell.against_reference]
        return outcomes.count("win"), outcomes.count("tie"), outcomes.count("loss")

    def worse_share(self, strategy: str) -> tuple[int, int]:
        """Data sets on which the strategy is significantly worse than random, and data sets compared with it."""
        cells = [self.cells.get((data_set, strategy)) for data_set in self.data_sets]
        compared = [cell for cell in cells if cell and cell.against_random]
        return sum(cell.worse_than_random for cell in compared), len(compared)


def summarise(
    comparison: Comparison, *, metric: Metric = "accuracy", reference: str | None = None, emphasis: str | None = None
) -> Summary:
    """Summary of a comparison against ``reference``: margin if it is there and none is given, else the first strategy.

    Raises InvalidDataError if ``reference`` or ``emphasis`` is not among the strategies.
    """
    chosen = reference or ("margin" if "margin" in comparison.strategies else comparison.strategies[0])
    for name in (chosen, emphasis):
        if name is not None and name not in comparison.strategies:
            raise InvalidDataError(
                f"strategy {name!r} was not run; this comparison has {', '.join(comparison.strategies)}"
            )
    # What the study is about comes first and random last, here and so in every table.
    names = tuple(sorted(comparison.strategies, key=lambda name: (name == "random") - (name == emphasis)))
    means = comparison.means(metric)[:, [comparison.strategies.index(name) for name in names]]
    complete = ~np.isnan(means).any(1)
    gaps = {name: _gaps(comparison, name, chosen, metric) for name in names if name != chosen}
    gaps = {name: each for name, each in gaps.items() if each}
    scores = means[complete]
    return Summary(
        metric=metric,
        data_sets=comparison.data_sets,
        strategies=names,
        learner=comparison.learner,
        batch=comparison.batch,
        reference=chosen,
        emphasis=emphasis,
        cells=_cells(comparison, names, means, metric, chosen),
        ranked=tuple(np.array(comparison.data_sets, dtype=object)[complete]),
        ranks=dict(zip(names, mean_ranks(scores).tolist(), strict=True)) if complete.any() else {},
        friedman=friedman(scores) if complete.any() else None,
        wilcoxon=wilcoxon_holm(scores, names, chosen) if complete.any() else None,
        interquartile={name: interquartile_mean(each, _stream("IQM", metric, name)) for name, each in gaps.items()},
        improvement={
            name: probability_of_improvement(each, _stream("improvement", metric, name)) for name, each in gaps.items()
        },
    )


def _cells(
    comparison: Comparison, names: tuple[str, ...], means: Floats, metric: Metric, reference: str
) -> dict[tuple[str, str], Cell]:
    cells = {}
    for row, data_set in enumerate(comparison.data_sets):
        best = np.round(100 * np.nanmax(means[row]), 2)
        for column, strategy in enumerate(names):
            curves = comparison.get(data_set, strategy)
            if curves is not None:
                mean, low, high = (100 * float(part) for part in mean_interval(curves.area(metric)))
                cells[data_set, strategy] = Cell(
                    mean=mean,
                    half_width=(high - low) / 2,
                    best=bool(np.round(100 * means[row, column], 2) == best),
                    against_random=_against(comparison, data_set, strategy, "random", metric),
                    against_reference=_against(comparison, data_set, strategy, reference, metric),
                )
    return cells


def _against(comparison: Comparison, data_set: str, strategy: str, other: str, metric: Metric) -> Estimate | None:
    pair = None if strategy == other else comparison.pair(data_set, strategy, other)
    if pair is None:
        return None
    found = paired_difference(*pair, _stream("difference", metric, data_set, strategy, other), metric=metric)
    return Estimate(value=100 * found.value, low=100 * found.low, high=100 * found.high)


def _gaps(comparison: Comparison, strategy: str, reference: str, metric: Metric) -> list[np.ndarray]:
    pairs = [comparison.pair(data_set, strategy, reference) for data_set in comparison.data_sets]
    return [100 * (a.area(metric) - b.area(metric)) for a, b in (pair for pair in pairs if pair is not None)]


def _stream(*names: str) -> np.random.Generator:
    return generator([0], " ".join(("bootstrap", *names)))
