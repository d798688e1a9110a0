"""Report of the protocol ``lu2023`` beside its page: theirs beside ours, as tables and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from alrl.evaluation.curves import Curves
from experiments.lu2023 import figure, table
from experiments.lu2023.comparison import Row, SeedCheck, check_seeds, compare
from experiments.lu2023.data import SETS
from experiments.lu2023.episode import QUERIES

NAME = "published"


def rows_and_checks(curves: Mapping[tuple[str, str], Sequence[Curves]]) -> tuple[list[Row], list[SeedCheck]]:
    """Return the comparison of curves by data set and strategy, both as the benchmark calls them, in its order."""
    rows = [
        compare(curves[data.name, strategy], data, strategy)
        for data in SETS.values()
        for strategy in QUERIES
        if (data.name, strategy) in curves
    ]
    checks = [check_seeds(curves[data.name, "US-C"], data) for data in SETS.values() if (data.name, "US-C") in curves]
    return rows, [each for each in checks if each is not None]


def write(curves: Mapping[tuple[str, str], Sequence[Curves]], folder: Path, *, mark: str = "") -> list[Path]:
    """Write ``published.md``, ``published.csv`` and ``published.png`` into ``folder``; nothing if there are no curves.

    A ``mark`` is put before the tables, such as that the study is incomplete.
    """
    rows, checks = rows_and_checks(curves)
    if not rows:
        return []
    paths = [folder / f"{NAME}.{kind}" for kind in ("md", "csv", "png")]
    head = f"{mark}\n\n" if mark else ""
    paths[0].write_text(head + table.markdown(rows, checks), encoding="utf-8")
    paths[1].write_text(table.as_csv(rows), encoding="utf-8")
    figure.differences(rows).savefig(paths[2], dpi=160)
    return paths
