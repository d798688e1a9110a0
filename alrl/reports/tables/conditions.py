"""Costs of each condition of a study for a strategy: paired differences to the first condition, and labels wasted."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.evaluation.spreadsheet import SpreadsheetWriter
from alrl.evaluation.table import MISSING, Table


@dataclass(frozen=True, kw_only=True)
class ConditionCost:
    """One strategy on one data set under one condition, in points of AUBC of accuracy (0 to 100)."""

    data_set: str
    learner: str
    batch: int
    strategy: str
    condition: str
    against: str
    """The condition that it is held against: the study's first."""
    difference: float
    """Mean over seeds of the area under this condition less that under the other, same seed."""
    half_width: float
    """Half the 95 % t interval of that mean."""
    seeds: int
    wasted: float | None
    """Mean share of the budget that went to useless records under this condition; None where the pool is clean."""

    @property
    def hurts(self) -> bool:
        """Whether the interval lies below zero."""
        return self.difference + self.half_width < 0


def condition_costs(curves: Sequence[Curves]) -> list[ConditionCost]:
    """Return the cost of every condition but the first, in the order of ``curves``.

    None for a study without conditions. Curves may come in blocks of seeds, as a study stores them.

    Pairs that do not have two seeds in common are left out.
    """
    curves = _whole(curves)
    order = list(dict.fromkeys(each.condition for each in curves if each.condition))
    if len(order) < 2:
        return []
    baselines = {_row(each): each for each in curves if each.condition == order[0]}
    costs = []
    for each in curves:
        other = baselines.get(_row(each))
        if each.condition not in {"", order[0]} and other is not None:
            cost = _cost(each, other)
            costs += [] if cost is None else [cost]
    return costs


def _whole(curves: Sequence[Curves]) -> list[Curves]:
    """Return the curves with their blocks of seeds joined, in the order of the first of each."""
    blocks: dict[tuple[object, ...], list[Curves]] = {}
    for each in curves:
        blocks.setdefault((each.condition, *_row(each)), []).append(each)
    return [Comparison(parts)[0] for parts in blocks.values()]


def _row(curves: Curves) -> tuple[str, str, int, int, str]:
    """Return all that a condition is compared at."""
    return curves.data_set, curves.learner, curves.batch, curves.labels, curves.strategy


def _cost(here: Curves, there: Curves) -> ConditionCost | None:
    common, ours, theirs = np.intersect1d(here.seeds, there.seeds, return_indices=True)
    if len(common) < 2:
        return None
    gap = 100 * (here.aubc[ours] - there.aubc[theirs])
    width = float(stats.t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / np.sqrt(len(gap)))
    return ConditionCost(
        data_set=here.data_set,
        learner=here.learner,
        batch=here.batch,
        strategy=here.strategy,
        condition=here.condition,
        against=there.condition,
        difference=float(gap.mean()),
        half_width=width,
        seeds=len(gap),
        wasted=None if here.wasted_share is None else float(here.wasted_share.mean()),
    )


def markdown(costs: Sequence[ConditionCost], *, mark: str = "") -> str:
    """Return one table a condition, strategies in the columns; in bold where the interval lies below zero."""
    lines = [f"**{mark}**", ""] if mark else []
    seeds = min(cost.seeds for cost in costs)
    lines.append(
        f"AUBC of accuracy in points less that under *{costs[0].against}*, same seeds: mean ± half the 95 % t interval"
        f" over {seeds} or more seeds. Bold: the interval lies below zero. In brackets: share of the budget spent on"
        " useless records."
    )
    strategies = list(dict.fromkeys(cost.strategy for cost in costs))
    for condition, learner, batch in dict.fromkeys((cost.condition, cost.learner, cost.batch) for cost in costs):
        here = [cost for cost in costs if (cost.condition, cost.learner, cost.batch) == (condition, learner, batch)]
        rows = []
        for data_set in dict.fromkeys(cost.data_set for cost in here):
            row = {cost.strategy: cost for cost in here if cost.data_set == data_set}
            rows.append((data_set, *(_shown(row.get(name)) for name in strategies)))
        hurt = [str(sum(cost.hurts for cost in here if cost.strategy == name)) for name in strategies]
        table = Table(header=("data set", *strategies), rows=tuple(rows), foot=(("data sets hurt", *hurt),))
        lines += ["", f"## {condition.capitalize()} ({learner}, batch {batch})", "", *table.markdown_rows()]
    return "\n".join([*lines, ""])


def _shown(cost: ConditionCost | None) -> str:
    if cost is None:
        return MISSING
    text = f"{cost.difference:+.1f} ± {cost.half_width:.1f}"
    text = f"**{text}**" if cost.hurts else text
    return text if cost.wasted is None else f"{text} ({100 * cost.wasted:.0f} %)"


def as_csv(costs: Sequence[ConditionCost]) -> str:
    """Return one row a cost, numbers as they are."""
    out = io.StringIO()
    writer = SpreadsheetWriter(out)
    names = list(ConditionCost.__dataclass_fields__)
    writer.writerow(names)
    for cost in costs:
        writer.writerow(["" if (value := getattr(cost, name)) is None else value for name in names])
    return out.getvalue()
