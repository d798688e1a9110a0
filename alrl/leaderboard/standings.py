"""What a board says: standings of each batch size, what identifies a submission, and what was rejected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path

from alrl.evaluation.table import MISSING, Table
from alrl.leaderboard.suite import SuiteRecipe
from alrl.leaderboard.verification import FEWEST, SHARE, Submission
from alrl.recipes.code_identity import alrl_code
from alrl.reports.pages.sections import section
from alrl.reports.pages.tables import plain_table
from alrl.reports.report import ReportFiles
from alrl.reports.summary import Summary
from alrl.reports.tables.across import interval
from alrl.studies.reproduce import Reproduced

_HEADER = (
    "agent", "mean difference", "midmean difference", "worst data set", "Elo", "mean rank", "worse than random", "kind",
    "signature", "played again",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A submission on the board."""

    name: str
    """What the board calls it."""
    submission: Submission
    replayed: tuple[Reproduced, ...]

    @property
    def check(self) -> str:
        """How many of its cells were played again, and how they came out."""
        same = sum(cell.same for cell in self.replayed)
        count, cells = len(self.replayed), len(self.submission.cells)
        largest = max((cell.deviation or 0.0 for cell in self.replayed), default=0.0)
        words = (
            "the same bits" if same == count else f"{same} the same bits, the others within {100 * largest:.2f} points"
        )
        return f"{count} of {cells}: {words}"


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """A board that is written."""

    folder: Path
    suite: str
    seed: int
    """What drew the cells that were played again."""
    accepted: tuple[Accepted, ...]
    rejected: tuple[tuple[str, str], ...]
    """Folders that are not on the board, and why."""
    standings: tuple[Table, ...] = ()
    """One a batch size."""
    files: ReportFiles | None = None
    """None where no submission holds."""


def standings(board: Leaderboard, summary: Summary) -> Table:
    """Return one row an agent, the highest mean difference to the reference first."""
    known = {each.name: each for each in board.accepted}

    def height(name: str) -> float:
        across = summary.across.get(name)
        return 0.0 if across is None else across.mean.value

    sets = len(summary.ranked)
    return Table(
        header=_HEADER,
        rows=tuple(_row(known[name], summary) for name in sorted(summary.strategies, key=height, reverse=True)),
        caption=(
            f"{board.suite}, batch {summary.batch}: AUBC of {summary.metric.replace('_', ' ')} minus"
            f" {summary.reference}'s in points, highest mean first"
        ),
        notes=(
            f"Mean difference: over {sets} data sets, Student's 95 % interval with data sets as units. Midmean: of the"
            " middle half of all paired runs, which hides the worst and the best quarter; hierarchical bootstrap. Elo:"
            f" {summary.baseline} at 1000. Played again: cells of {SHARE:.0%} and at least {FEWEST} that the board drew"
            f" by seed {board.seed} and each manifest. A signature says who submitted, not that it is right."
        ),
    )


def _row(each: Accepted, summary: Summary) -> tuple[str, ...]:
    across, rating = summary.across.get(each.name), summary.elo.get(each.name)
    worse, compared = summary.worse_share(each.name)
    numbers = (MISSING,) * 3
    if across is not None:
        data_set, value = across.worst
        numbers = (interval(across.mean, "+.2f"), interval(across.midmean, "+.2f"), f"{value:+.2f} {data_set}")
    return (
        each.name,
        *numbers,
        MISSING if rating is None else interval(rating, ".0f"),
        f"{summary.ranks[each.name]:.2f}" if each.name in summary.ranks else MISSING,
        f"{worse} of {compared}" if compared else MISSING,
        each.submission.kind,
        each.submission.signature,
        each.check,
    )


def opening(board: Leaderboard, tables: list[Table], summary: Summary) -> str:
    """Return what the page of one batch size opens with: standings, submissions and what was rejected."""
    table = standings(board, summary)
    tables.append(table)
    parts = [section("Standings", table.to_html() + f'<p class="note">{escape(table.notes)}</p>')]
    rows = [(each.name, [escape(text) for text in _identity(each)]) for each in board.accepted]
    header = ["agent", "folder", "what it is, by content", "played by alrl", "manifest"]
    listed = plain_table("Submissions, and what identifies them", header, rows)
    parts.append(section("Submissions", f"<details><summary>{len(rows)} submissions</summary>{listed}</details>"))
    if board.rejected:
        refused = [(name, [escape(why)]) for name, why in board.rejected]
        parts.append(section("Rejected", plain_table("Not on the board, and why", ["folder", "why"], refused)))
    return "\n".join(parts)


def _identity(each: Accepted) -> list[str]:
    read = each.submission
    code = "; ".join(f"{name} {what}" for name, what in dict((read.cells[0].code or {}).get("classes", {})).items())
    what = {"policy": "policy, weights and description", "rule": "rule, recipe", "class": "class, recipe"}[read.kind]
    return [
        read.folder,
        f"{what} {read.identity[:12]}" + (f"; {code}" if code else ""),
        read.versions,
        read.digest[:12],
    ]


def markdown(board: Leaderboard, suite: SuiteRecipe) -> str:
    """Return the standings of every batch size, and what was rejected, in Markdown."""
    lines = [f"# {suite.title}", "", f"Suite {suite.suite}, {suite.identity[:12]}; `--seed {board.seed}`.", ""]
    lines += [table.to_markdown() for table in board.standings]
    lines += (
        ["## Rejected", "", *(f"- {name}: {' '.join(why.split())}" for name, why in board.rejected), ""]
        if board.rejected
        else []
    )
    return "\n".join(lines)


def as_json(board: Leaderboard, suite: SuiteRecipe) -> str:
    """Return the same for a machine, with what identifies each submission."""
    rows = [[dict(zip(table.header, row, strict=True)) for row in table.rows] for table in board.standings]
    content = {
        "suite": suite.suite,
        "suite_sha256": suite.identity,
        "alrl": alrl_code()["version"],
        "seed": board.seed,
        "standings": dict(zip([f"batch {batch}" for batch in suite.batches], rows, strict=False)),
        "submissions": [
            {
                "agent": each.name,
                "folder": each.submission.folder,
                "kind": each.submission.kind,
                "identity": each.submission.identity,
                "manifest_sha256": each.submission.digest,
                "signature": each.submission.signature,
                "cells": len(each.submission.cells),
                "played_again": len(each.replayed),
                "same_bits": sum(cell.same for cell in each.replayed),
            }
            for each in board.accepted
        ],
        "rejected": [{"folder": name, "why": why} for name, why in board.rejected],
    }
    return json.dumps(content, indent=1) + "\n"
