"""Compute the headline's statistics again, from its published tables: ``python -m experiments.headline.restated``.

The tables hold the mean AUBC of each strategy on each data set. All that has data sets as units follows from them; what
needs single seeds (midmeans, pairs won, wins and losses of the method) does not, and is left out.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from alrl.evaluation.curves import Floats
from alrl.evaluation.pairwise import resampling
from alrl.evaluation.statistics import (
    bayesian_signed_rank,
    elo,
    friedman,
    improvability,
    mean_difference,
    mean_ranks,
    wilcoxon_holm,
)
from alrl.evaluation.table import Table
from alrl.reports.tables.across import interval

HERE = Path(__file__).parent
METHOD, REFERENCE = "general", "margin"
_HEADER = ("strategy", "mean rank", "mean difference", "worst data set", "better on", "Wilcoxon p (Holm)")
_RATINGS = ("P(worse)", "P(equal)", "P(better)", "Elo", "improvability")


def restated(path: Path, metric: str) -> Table:
    """Return every strategy of a published table against margin; the five trainings of ``general`` are one method."""
    data_sets, names, scores, trainings = _read(path, metric)
    fractions = scores / 100
    gaps = scores - scores[:, [names.index(REFERENCE)]]
    p_values = wilcoxon_holm(fractions, names, REFERENCE) or {}
    ranks = mean_ranks(fractions)
    lacking = improvability(fractions)
    games = {
        data_set: np.sign(row[:, None] - row[None, :]) / 2 + 0.5
        for data_set, row in zip(data_sets, scores, strict=True)
    }
    ratings = elo(games, names, "random", resampling("Elo", metric, path.name))
    rows = []
    for place in np.argsort(ranks, kind="stable").tolist():
        name, gap = names[place], gaps[:, place]
        shown = [f"{ranks[place]:.2f}", *["–"] * 4, *["–"] * 3]
        if name != REFERENCE:
            bayes = bayesian_signed_rank(gap, resampling("signed rank", metric, name))
            worst = int(gap.argmin())
            shown[1:] = [
                interval(mean_difference([[value] for value in gap]), "+.2f"),
                f"{gap[worst]:+.2f} {data_sets[worst]}",
                f"{int((gap > 0).sum())} of {gap.size}",
                f"{p_values[name]:.2g}",
                *([f"{p:.2f}" for p in (bayes.worse, bayes.equal, bayes.better)] if bayes is not None else ["–"] * 3),
            ]
        rows.append((name, *shown, interval(ratings[name], ".0f"), f"{lacking[place]:.1f} %"))
    test = friedman(fractions)
    means = [float((values - scores[:, names.index(REFERENCE)]).mean()) for values in trainings.values()]
    notes = (
        f"AUBC of {metric.replace('_', ' ')} in points against {REFERENCE}, {len(data_sets)} data sets as units:"
        f" Student's 95 % interval over data sets; Holm's family is the {len(names) - 1} tests of its column; a game of"
        f" Elo is a data set, interval over data sets. {METHOD} is one method, the mean of {len(means)} trainings,"
        f" whose mean differences are {min(means):+.2f} to {max(means):+.2f} (standard deviation"
        f" {np.std(means, ddof=1):.2f})."
    )
    if test is not None:
        notes += (
            f" Iman–Davenport F = {test.f:.2f}, p = {test.p_f:.2g}; critical difference {test.critical_difference:.2f}."
        )
    return Table(header=(*_HEADER, *_RATINGS), rows=tuple(rows), notes=notes)


def _read(path: Path, metric: str) -> tuple[list[str], list[str], Floats, dict[str, Floats]]:
    """Return data sets, methods and their mean AUBC in points, (data sets, methods), and that of each training."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == metric]
    data_sets = list(dict.fromkeys(row["data_set"] for row in rows))
    values = {(row["data_set"], row["strategy"]): float(row["aubc"]) for row in rows}
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    columns = {name: np.array([values[each, name] for each in data_sets]) for name in strategies}
    trainings = {name: column for name, column in columns.items() if name.startswith(f"{METHOD}-")}
    methods = {METHOD: np.mean(list(trainings.values()), axis=0)}
    methods |= {name: column for name, column in columns.items() if name not in trainings}
    return data_sets, list(methods), np.stack(list(methods.values()), axis=1), trainings


def page() -> str:
    """Return the text of ``restated.md``."""
    lines = [
        "# The headline's statistics, restated",
        "",
        "`python -m experiments.headline.restated`; nothing was played again.",
        "",
    ]
    for name, title in (("table.csv", "single queries"), ("table-batch-10.csv", "batches of ten")):
        for metric in ("accuracy", "balanced_accuracy"):
            lines += [f"## {metric.replace('_', ' ').capitalize()}, {title}", ""]
            lines += [restated(HERE / name, metric).to_markdown(), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    (HERE / "restated.md").write_text(page(), encoding="utf-8")
