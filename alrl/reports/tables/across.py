"""The tables over data sets: differences and tests against the reference, and ratings among all, one row a strategy."""

from __future__ import annotations

import numpy as np

from alrl.evaluation.statistics import FEWEST_SEEDS, ROPE, SMALLEST_SAMPLE, Estimate
from alrl.evaluation.table import MISSING, Table
from alrl.reports.across_data_sets import Across
from alrl.reports.summary import Summary
from alrl.reports.tables.aubc import percent

_HEADER = (
    "strategy",
    "mean rank",
    "wins / ties / losses",
    "mean difference",
    "midmean difference",
    "over seeds alone",
    "worst data set",
    "Wilcoxon p (Holm)",
    "worse than random",
)
_WASTED = "labels wasted"
_RATINGS = ("strategy", "Elo", "improvability", "pairs won", "P(worse)", "P(equal)", "P(better)")


def across_table(summary: Summary, *, mark: str = "") -> Table:
    """Return ranks, paired differences to the reference and tests, best mean rank first; what columns mean is below.

    The labels wasted have a column only where a pool was contaminated.
    """
    dirty = any(summary.wasted(name) is not None for name in summary.strategies)
    header = (*_HEADER, _WASTED) if dirty else _HEADER
    rows = tuple(
        (*_row(summary, name), *([percent(summary.wasted(name))] if dirty else [])) for name in _ordered(summary)
    )
    return Table(
        header=header,
        rows=rows,
        notes=across_notes(summary),
        mark=mark,
        emphasis=summary.emphasis,
        caption=_caption(summary),
    )


def ratings_table(summary: Summary, *, mark: str = "") -> Table:
    """Return Elo, improvability, pairs won and the Bayesian test, best mean rank first; what columns mean is below."""
    rows = []
    for name in _ordered(summary):
        across, rating = summary.across.get(name), summary.elo.get(name)
        bayes = None if across is None else across.bayes
        lacking = summary.improvability.get(name)
        chances = [MISSING] * 3 if bayes is None else [f"{p:.2f}" for p in (bayes.worse, bayes.equal, bayes.better)]
        rows.append(
            (
                name,
                MISSING if rating is None else interval(rating, ".0f"),
                MISSING if lacking is None else f"{lacking:.1f} %",
                MISSING if across is None else interval(across.pairs_won, ".2f"),
                *chances,
            )
        )
    notes = (
        f"Elo: {summary.baseline} at 1000, 400 points are ten to one; interval over data sets. Improvability: by how"
        " much the error would have to fall to be the best, mean over data sets (both as TabArena, Erickson et al."
        " 2025)."
        f" Pairs won: share of paired runs above {summary.reference}'s, ties half, interval over seeds; not rliable's"
        " probability of improvement, which compares unpaired runs. P: Bayesian signed-rank test (Benavoli et al. 2014)"
        f" against {summary.reference} on a further data set, equal meaning within {ROPE:g} points."
    )
    return Table(
        header=_RATINGS, rows=tuple(rows), notes=notes, mark=mark, emphasis=summary.emphasis, caption=_caption(summary)
    )


def _caption(summary: Summary) -> str:
    metric, count = summary.metric.replace("_", " "), len(summary.ranked)
    return f"AUBC of {metric} against {summary.reference}; {count} data sets on which every strategy ran"


def across_notes(summary: Summary) -> str:
    """Return what the columns mean, which tests are one family, and the tests over all strategies."""
    count = len(summary.ranked)
    text = (
        f"Against {summary.reference}, AUBC of {summary.metric.replace('_', ' ')} in points, over"
        f" {count} data sets on which every strategy ran. Mean difference: Student's 95 % interval with data sets"
        " as units. Midmean difference: mean of the middle half of all paired runs, which hides the worst and the best"
        " quarter; 95 % hierarchical bootstrap of data sets and of seeds within them, then over the seeds of these data"
        " sets alone, which says nothing of others. Not rliable's IQM, which is of scores. Wins and losses: 95 %"
        f" interval over at least {FEWEST_SEEDS} seeds of one data set, not corrected for their number."
    )
    spread = [_spread(name, values) for name, values in summary.trainings.items()]
    text += f" {' '.join(spread)}" if spread else ""
    if count < SMALLEST_SAMPLE:
        return text + f" No test and no interval across data sets: they need {SMALLEST_SAMPLE} of them."
    text += f" Family of the correction: the {max(len(summary.ranks) - 1, 0)} tests of this column."
    test = summary.friedman
    if test is None:
        return text + " Friedman's test needs three strategies."
    return text + (
        f" Friedman χ² = {test.chi_square:.2f} (scipy's, corrected for ties: {test.chi_square_tied:.2f},"
        f" p = {test.p_tied:.2g}), Iman–Davenport F = {test.f:.2f} (p = {test.p_f:.2g}), Nemenyi critical difference"
        f" {test.critical_difference:.2f}."
    )


def _spread(name: str, values: object) -> str:
    means = np.asarray(values, dtype=np.float64)
    return (
        f"{name} is one method, the mean of {means.size} trainings, whose mean differences are {means.min():+.2f} to"
        f" {means.max():+.2f} (standard deviation {means.std(ddof=1):.2f})."
    )


def _ordered(summary: Summary) -> list[str]:
    return sorted(summary.strategies, key=lambda name: summary.ranks.get(name, np.inf))


def _row(summary: Summary, name: str) -> tuple[str, ...]:
    across = summary.across.get(name)
    p_value = None if summary.wilcoxon is None else summary.wilcoxon.get(name)
    worse, compared = summary.worse_share(name)
    return (
        name,
        f"{summary.ranks[name]:.2f}" if name in summary.ranks else MISSING,
        MISSING if name == summary.reference else " / ".join(map(str, summary.record(name))),
        *(_differences(across) if across is not None else (MISSING,) * 4),
        MISSING if p_value is None else f"{p_value:.2g}",
        f"{worse} of {compared}" if compared else MISSING,
    )


def _differences(across: Across) -> tuple[str, ...]:
    data_set, value = across.worst
    seeds = across.midmean_seeds
    return (
        interval(across.mean, "+.2f"),
        interval(across.midmean, "+.2f"),
        f"{seeds.low:+.2f} to {seeds.high:+.2f}" if np.isfinite(seeds.low) else MISSING,
        f"{value:+.2f} {data_set}",
    )


def interval(estimate: Estimate, number: str) -> str:
    """Return a number with its interval in brackets, without one where there is none.

    >>> interval(Estimate(value=0.5, low=0.25, high=1.0), "+.2f")
    '+0.50 (+0.25 to +1.00)'
    """
    if not np.isfinite(estimate.low):
        return f"{estimate.value:{number}}"
    return f"{estimate.value:{number}} ({estimate.low:{number}} to {estimate.high:{number}})"
