"""The comparison as text: Markdown for readers, CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from experiments.lu2023.comparison import SEED_TOLERANCE, TOLERANCE, Row, SeedCheck, agreeing_sets
from experiments.lu2023.data import SETS


def markdown(rows: Sequence[Row], checks: Sequence[SeedCheck]) -> str:
    """Return the verdict, the table of means, and the check seed by seed."""
    return "\n".join([*_verdict(rows), "", *_means(rows), "", *_seeds(checks), ""])


def _verdict(rows: Sequence[Row]) -> list[str]:
    well, badly = agreeing_sets(rows)
    absent = [name for name in SETS if name not in {row.data.name for row in rows}]
    unfinished = list(dict.fromkeys(row.data.name for row in rows if not row.complete))
    count = len({row.strategy for row in rows})
    verdict = f"Means of all {count} strategies within {TOLERANCE} combined standard errors of the published ones:"
    return [
        f"{verdict} **{len(well)} of {len(SETS)} data sets**.",
        f"Not within: {_listed(badly)}. Not played: {_listed(absent)}. Fewer seeds than theirs: {_listed(unfinished)}.",
    ]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _means(rows: Iterable[Row]) -> list[str]:
    head = (
        "data set", "strategy", "seeds", "AUBC, ours", "AUBC, theirs (seeds)", "difference in standard errors",
        "within", "AUBC, alrl's definition", "our file differs in",
    )  # fmt: skip
    cells = [
        (
            row.data.name,
            row.strategy,
            str(row.seeds),
            f"{row.mean:.4f} ± {row.error:.4f}",
            f"{row.their_mean:.4f} ± {row.their_error:.4f} ({row.data.seeds})",
            f"{row.gap:+.2f}",
            "yes" if row.agrees else "**no**",
            f"{row.own_mean:.4f}",
            row.data.difference,
        )
        for row in rows
    ]
    return [_line(head), _line([":--", ":--", *["--:"] * 4, ":-:", "--:", ":--"]), *map(_line, cells)]


def _seeds(checks: Iterable[SeedCheck]) -> list[str]:
    head = ("US-C seed by seed", "seeds compared", f"within {SEED_TOLERANCE:g}", "largest difference")
    cells = [(each.data, str(each.seeds), str(each.agreeing), f"{each.largest:.1e}") for each in checks]
    return [_line(head), _line([":--", "--:", "--:", "--:"]), *map(_line, cells)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def as_csv(rows: Iterable[Row]) -> str:
    """Return one line a data set and strategy; standard errors, and the difference in units of both combined."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        ["data_set", "strategy", "seeds", "aubc", "error", "published_aubc", "published_error", "published_seeds",
         "difference_in_errors", "within", "own_aubc", "difference_of_files"]
    )  # fmt: skip
    for row in rows:
        numbers = (row.mean, row.error, row.their_mean, row.their_error)
        writer.writerow(
            [row.data.name, row.strategy, row.seeds, *(f"{each:.6f}" for each in numbers), row.data.seeds,
             f"{row.gap:.3f}", row.agrees, f"{row.own_mean:.6f}", row.data.difference]
        )  # fmt: skip
    return buffer.getvalue()
