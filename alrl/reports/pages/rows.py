"""The numbers behind the page's charts, as rows for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import METRICS, Interval, Metric, mean_interval
from alrl.reports.figures.break_even import NEVER, middle
from alrl.reports.summary import Summary


def curve_rows(comparison: Comparison, metrics: Sequence[Metric] = METRICS) -> Iterator[dict[str, Any]]:
    """Yield Mean curves with their intervals, in percent."""
    for curves in comparison:
        for metric in metrics:
            yield {"data_set": curves.data_set, "strategy": curves.strategy, "metric": metric} | _numbers(
                curves.interval(metric)
            )


def gap_rows(comparison: Comparison, reference: str, metrics: Sequence[Metric] = METRICS) -> Iterator[dict[str, Any]]:
    """Yield Mean paired differences to the reference, and to random where it was run, with their intervals.

    In points.
    """
    against = [name for name in dict.fromkeys((reference, "random")) if name in comparison.strategies]
    for other in against:
        for curves in comparison:
            pair = comparison.pair(curves.data_set, curves.strategy, other)
            if pair is not None and curves.strategy != other:
                for metric in metrics:
                    gap = mean_interval(pair[0].values(metric) - pair[1].values(metric))
                    names = {"data_set": curves.data_set, "strategy": curves.strategy, "metric": metric}
                    yield names | {"against": other} | _numbers(gap)


def saving_rows(summaries: Sequence[Summary]) -> Iterator[dict[str, Any]]:
    """Yield share of labels saved on each data set, in percent.

    A stand-in below 0 where the target was never reached; ``middle`` is the strategy's median.
    """
    for summary in summaries:
        saved: dict[str, dict[str, float]] = {}
        for (data_set, strategy), cell in summary.cells.items():
            if cell.saving is not None and strategy != summary.baseline:
                never = np.isinf(cell.saving.value)
                saved.setdefault(strategy, {})[data_set] = NEVER if never else round(100 * cell.saving.value, 2)
        for strategy, values in saved.items():
            row = {"strategy": strategy, "metric": summary.metric, "middle": middle(np.array(list(values.values())))}
            for data_set, saving in values.items():
                yield {"data_set": data_set, **row, "saving": saving, "never": saving == NEVER}


def profile_rows(summaries: Sequence[Summary]) -> Iterator[dict[str, Any]]:
    """Yield shares of runs in percent, by threshold."""
    for summary in summaries:
        for strategy, profile in summary.profiles.items():
            for at, share, low, high in zip(profile.thresholds, profile.share, profile.low, profile.high, strict=True):
                yield {"strategy": strategy, "metric": summary.metric, "threshold": round(at, 3)} | {
                    name: round(100 * value, 2) for name, value in (("mean", share), ("low", low), ("high", high))
                }


def _numbers(interval: Interval) -> dict[str, list[float | None]]:
    """Return points with two decimals; an interval that does not exist is null in JSON."""
    return {
        name: [None if np.isnan(value) else round(100 * float(value), 2) for value in part]
        for name, part in zip(Interval._fields, interval, strict=True)
    }
