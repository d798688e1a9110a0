"""Report what each condition of a study costs: a table and a figure a learner and batch size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alrl.evaluation.curves import Curves
from alrl.reports.figures.canvas import save
from alrl.reports.figures.conditions import conditions
from alrl.reports.tables.conditions import as_csv, condition_costs, markdown


def write_conditions(curves: Sequence[Curves], folder: Path, *, mark: str = "") -> list[Path]:
    """Write ``conditions.md``, ``.csv`` and the figures into ``folder``; return the files, none without conditions."""
    costs = condition_costs(curves)
    if not costs:
        return []
    paths = [folder / "conditions.md", folder / "conditions.csv"]
    paths[0].write_text(markdown(costs, mark=mark), encoding="utf-8")
    paths[1].write_text(as_csv(costs), encoding="utf-8")
    for place, setting in enumerate(dict.fromkeys((cost.learner, cost.batch) for cost in costs)):
        of_setting = [cost for cost in costs if (cost.learner, cost.batch) == setting]
        stem = folder / ("conditions" + (f"-{place}" if place else ""))
        paths += save(conditions(of_setting, mark=mark), stem)
    return paths
