"""Statistics of a comparison for tables, figures and the page, computed once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alrl.errors import InvalidDataError
from alrl.evaluation.comparison import Comparison, exhausted_after
from alrl.evaluation.curves import Curves, Floats, Metric, mean_interval
from alrl.evaluation.pairwise import Pairwise, pairwise_differences, resampling
from alrl.evaluation.statistics import (
    Estimate,
    Friedman,
    Profile,
    deficiency,
    friedman,
    improvability,
    label_saving,
    labels_needed,
    log_area,
    mean_ranks,
    performance_profile,
    wilcoxon_holm,
)
from alrl.reports.across_data_sets import Across, across_data_sets, elo_ratings

_THRESHOLDS = 81


@dataclass(frozen=True, kw_only=True)
class AreaSummary:
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
    log_area: float
    """Mean area over log2 of all labels, points."""
    deficiency: float
    """Against the reference (Baram et al. 2004), below 1 is better; nan where it is undefined or there is none."""
    needed: Estimate | None
    """Queried labels to the data set's target, infinite where it is not reached; None without a target."""
    saving: Estimate | None
    """Share of labels saved by stopping at the target, minus infinity where it is not reached; None without one."""
    exhausted: int = 0
    """Labels after which the pool of a seed ran out first; 0 where it lasted for the budget."""
    wasted: float | None = None
    """Share of the budget that went to records which teach nothing, mean over seeds; None of a clean pool."""

    @property
    def worse_than_random(self) -> bool:
        """True where the whole 95 % interval of the paired difference lies below zero."""
        return self.against_random is not None and self.against_random.outcome == "loss"

    def __str__(self) -> str:
        """Return the mean ± half width, two decimals."""
        return f"{self.mean:.2f}" if np.isnan(self.half_width) else f"{self.mean:.2f} ± {self.half_width:.2f}"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Numbers of one comparison in one metric. Across data sets, only those that every strategy ran on count."""

    metric: Metric
    data_sets: tuple[str, ...]
    strategies: tuple[str, ...]
    setting: str
    """Learner and condition."""
    batch: int
    reference: str
    emphasis: str | None
    """The strategy that the study is about."""
    upper_bounds: tuple[str, ...]
    """Those of the strategies that see hidden labels, last: they are ranked and tested nowhere."""
    cells: Mapping[tuple[str, str], AreaSummary]
    ranked: tuple[str, ...]
    """Data sets on which every strategy but the upper bounds ran."""
    ranks: Mapping[str, float]
    """Mean rank over them, 1 is best; empty if there are none."""
    friedman: Friedman | None
    wilcoxon: Mapping[str, float] | None
    """Holm-adjusted p-values of each strategy against the reference; None with too few data sets."""
    across: Mapping[str, Across]
    """Each strategy against the reference over data sets; without the reference itself."""
    elo: Mapping[str, Estimate]
    """Ratings among all strategies, the baseline at 1000; empty for a single strategy."""
    improvability: Mapping[str, float]
    """Percent by which the error had to fall to be the best, mean over data sets; empty if there are none."""
    trainings: Mapping[str, Sequence[float]]
    """Of a method that was trained with several seeds: the mean difference to the reference of each, in points."""
    targets: Mapping[str, float]
    """Value that labels are counted to on each data set, a fraction: random's mean at the end of the budget."""
    profiles: Mapping[str, Profile]
    """Share of runs whose AUBC exceeds the baseline's by more than each threshold, in points."""
    baseline: str
    """Baseline of profiles and savings: random if it was run, else the reference."""
    rounds: int
    """Rounds of querying in the budget, each ending with a refit."""
    pairwise: Pairwise
    """Paired differences between all strategies."""

    def record(self, strategy: str, against: str | None = None) -> tuple[int, int, int]:
        """Return data sets on which the strategy wins, ties and loses against another.

        The reference if none is named.
        """
        estimates = [self.pairwise.of(data_set, strategy, against or self.reference) for data_set in self.data_sets]
        outcomes = [estimate.outcome for estimate in estimates if estimate is not None]
        return outcomes.count("win"), outcomes.count("tie"), outcomes.count("loss")

    def wasted(self, strategy: str) -> float | None:
        """Return the mean share of the budget wasted, over the data sets where it is known; None if none is."""
        cells = [self.cells.get((data_set, strategy)) for data_set in self.data_sets]
        shares = [cell.wasted for cell in cells if cell is not None and cell.wasted is not None]
        return sum(shares) / len(shares) if shares else None

    def worse_share(self, strategy: str) -> tuple[int, int]:
        """Return data sets on which the strategy is worse than random, and data sets compared with it."""
        cells = [self.cells.get((data_set, strategy)) for data_set in self.data_sets]
        compared = [cell for cell in cells if cell and cell.against_random]
        return sum(cell.worse_than_random for cell in compared), len(compared)


def summarise(
    comparison: Comparison,
    *,
    metric: Metric = "accuracy",
    reference: str | None = None,
    emphasis: str | None = None,
    upper_bounds: Collection[str] = (),
    trainings: Mapping[str, Sequence[float]] | None = None,
) -> Summary:
    """Return the summary of a comparison against ``reference``.

    Margin if it is there and none is given, else the first strategy.

    ``trainings`` are kept as they are.

    ``upper_bounds`` see hidden labels: they have cells, but no rank, are best of no data set, and no test across data
    sets counts them. Raises InvalidDataError if ``reference`` or ``emphasis`` is not among the other strategies.
    """
    rivals = [name for name in comparison.strategies if name not in upper_bounds]
    chosen = reference or ("margin" if "margin" in rivals or not rivals else rivals[0])
    for name in (chosen, emphasis):
        if name is not None and name not in rivals:
            raise InvalidDataError(
                f"strategy {name!r} was not run; this comparison has {', '.join(rivals) or 'none but upper bounds'}"
            )
    # What the study is about comes first and random last, upper bounds behind it, here and so in every table.
    rivals = sorted(rivals, key=lambda name: (name == "random") - (name == emphasis))
    names = (*rivals, *(name for name in comparison.strategies if name in upper_bounds))
    means = comparison.means(metric)[:, [comparison.strategies.index(name) for name in names]]
    complete = ~np.isnan(means[:, : len(rivals)]).any(1)
    baseline = "random" if "random" in names else chosen
    gaps = _gaps(comparison, rivals, chosen, metric)
    scores = means[complete, : len(rivals)]
    ranked = tuple(np.array(comparison.data_sets, dtype=object)[complete])
    pairwise = pairwise_differences(comparison, metric)
    targets = _targets(comparison, baseline, metric)
    return Summary(
        metric=metric,
        data_sets=comparison.data_sets,
        strategies=names,
        setting=comparison.setting,
        batch=comparison.batch,
        reference=chosen,
        emphasis=emphasis,
        upper_bounds=names[len(rivals) :],
        cells=_cells(comparison, names, means, metric, chosen, pairwise, targets, len(rivals)),
        ranked=ranked,
        ranks=dict(zip(rivals, mean_ranks(scores).tolist(), strict=True)) if complete.any() else {},
        friedman=friedman(scores) if complete.any() else None,
        wilcoxon=wilcoxon_holm(scores, rivals, chosen) if complete.any() else None,
        across=across_data_sets(gaps, metric, ranked),
        elo=elo_ratings(comparison, rivals, ranked, baseline, metric),
        improvability=dict(zip(rivals, improvability(scores).tolist(), strict=True)) if complete.any() else {},
        trainings=trainings or {},
        targets=targets,
        profiles=_profiles(comparison, rivals, baseline, metric),
        baseline=baseline,
        rounds=-(-max(each.labels for each in comparison) // comparison.batch),
        pairwise=pairwise,
    )


def _cells(
    comparison: Comparison,
    names: tuple[str, ...],
    means: Floats,
    metric: Metric,
    reference: str,
    pairwise: Pairwise,
    targets: Mapping[str, float],
    rivals: int,
) -> dict[tuple[str, str], AreaSummary]:
    cells = {}
    for row, data_set in enumerate(comparison.data_sets):
        best = np.round(100 * np.nanmax(np.append(means[row, :rivals], -np.inf)), 2)
        for column, strategy in enumerate(names):
            curves = comparison.get(data_set, strategy)
            if curves is not None:
                mean, low, high = (100 * float(part) for part in mean_interval(curves.area(metric)))
                needed = _needed(curves, targets.get(data_set), metric)
                cells[data_set, strategy] = AreaSummary(
                    mean=mean,
                    half_width=(high - low) / 2,
                    best=column < rivals and bool(np.round(100 * means[row, column], 2) == best),
                    against_random=pairwise.of(data_set, strategy, "random"),
                    against_reference=pairwise.of(data_set, strategy, reference),
                    log_area=100 * float(log_area(curves, metric).mean()),
                    deficiency=_deficiency(comparison, data_set, strategy, reference, metric),
                    needed=needed,
                    saving=None if needed is None else _saving(needed, curves),
                    exhausted=min((after for after in exhausted_after(curves.picks).tolist() if after), default=0),
                    wasted=None if curves.wasted_share is None else float(curves.wasted_share.mean()),
                )
    return cells


def _needed(curves: Curves, target: float | None, metric: Metric) -> Estimate | None:
    if target is None:
        return None
    return labels_needed(curves, target, resampling("needed", metric, curves.data_set, curves.strategy), metric=metric)


def _saving(needed: Estimate, curves: Curves) -> Estimate:
    first = float(curves.first.mean())
    value, high, low = (label_saving(each, curves.labels, first) for each in (needed.value, needed.low, needed.high))
    return Estimate(value=value, low=low, high=high)


def _deficiency(comparison: Comparison, data_set: str, strategy: str, reference: str, metric: Metric) -> float:
    pair = comparison.pair(data_set, strategy, reference)
    return float("nan") if pair is None else deficiency(*(each.values(metric).mean(0) for each in pair))


def _targets(comparison: Comparison, baseline: str, metric: Metric) -> dict[str, float]:
    baselines = {data_set: comparison.get(data_set, baseline) for data_set in comparison.data_sets}
    return {
        name: float(curves.values(metric)[:, -1].mean()) for name, curves in baselines.items() if curves is not None
    }


def _gaps(comparison: Comparison, names: Sequence[str], other: str, metric: Metric) -> dict[str, dict[str, Floats]]:
    """Return differences of AUBC to another strategy in points, one array of seeds a data set; by strategy."""
    gaps: dict[str, dict[str, Floats]] = {}
    for name in names:
        pairs = [comparison.pair(data_set, name, other) for data_set in comparison.data_sets if name != other]
        differences = {a.data_set: 100 * (a.area(metric) - b.area(metric)) for a, b in filter(None, pairs)}
        if differences:
            gaps[name] = differences
    return gaps


def _profiles(comparison: Comparison, names: Sequence[str], baseline: str, metric: Metric) -> dict[str, Profile]:
    gaps = _gaps(comparison, names, baseline, metric)
    if not gaps:
        return {}
    # The middle 98 % of all runs: a single wild one would leave no room to the others.
    every = np.concatenate([each for differences in gaps.values() for each in differences.values()])
    low, high = np.quantile(every, [0.01, 0.99])
    thresholds = np.linspace(min(float(low), 0.0), max(float(high), 0.0), _THRESHOLDS)
    return {
        name: performance_profile(list(differences.values()), thresholds, resampling("profile", metric, name))
        for name, differences in gaps.items()
    }
