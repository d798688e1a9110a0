"""The board: submissions that hold, as a study's report, and those that do not, with the reason."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from alrl.evaluation.table import MISSING, Table
from alrl.leaderboard.manifest import MANIFEST, SubmissionError
from alrl.leaderboard.submission import SUBMISSION
from alrl.leaderboard.suite import SUITE, SuiteRecipe, load_suite
from alrl.leaderboard.verification import FEWEST, SHARE, Submission, read_submission, replay
from alrl.progress import Bars
from alrl.recipes.code_identity import alrl_code
from alrl.reports.pages.sections import section
from alrl.reports.pages.tables import plain_table
from alrl.reports.report import ReportFiles, report
from alrl.reports.summary import Summary
from alrl.reports.tables.across import interval
from alrl.studies.description import write_description
from alrl.studies.reproduce import Reproduced
from alrl.studies.store import RESULTS, Store

_STEM = "leaderboard"
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


def leaderboard(
    folder: Path | str,
    out: Path | str | None = None,
    *,
    suite: str | Path = SUITE,
    seed: int | None = None,
    trust: bool = False,
    signers: Path | str | None = None,
    workers: int | None = 1,
    bars: Bars | None = None,
) -> Leaderboard:
    """Verify every submission below the folder, and write the board of those that hold into ``out``.

    Each is copied by its manifest, compared with the suite, and a sample of its cells is played again: 5 % and at least
    twenty, drawn by ``seed`` (fresh if left out: who submits must not know it) and the manifest. ``trust`` lets the
    classes of others run that submissions name; ``signers`` is a file of allowed signers, as ssh-keygen reads it.
    ``out`` is ``board`` below the folder if left out.

    Raises InvalidRecipeError for a suite that there is not, InvalidDataError where a data set is not the suite's.
    """
    root, played = Path(folder), load_suite(suite)
    target = Path(out) if out is not None else root / "board"
    played.check_data()
    drawn = secrets.randbits(32) if seed is None else seed
    places = [place for place in _submissions(root) if place.resolve() != target.resolve()]
    accepted: list[Accepted] = []
    rejected: list[tuple[str, str]] = []
    bar = (bars or Bars(quiet=True)).bar("verify submissions", len(places))
    for place in places:
        name = place.relative_to(root).as_posix()
        with tempfile.TemporaryDirectory(prefix="alrl-board-") as copy:
            try:
                read = read_submission(place, name, Path(copy), played, None if signers is None else Path(signers))
                cells = replay(read, Path(copy), drawn, workers=workers, trust=trust)
                accepted.append(Accepted(name=_called(read, accepted), submission=read, replayed=cells))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a stranger's folder, the board goes on
                fault = str(error).replace(copy, name)
                kind = "" if isinstance(error, SubmissionError) else f"{type(error).__name__}: "
                rejected.append((name, f"{kind}{fault}"))
        bar.advance(note=name)
    bar.done()
    board = Leaderboard(
        folder=target, suite=played.suite, seed=drawn, accepted=tuple(accepted), rejected=tuple(rejected)
    )
    return _written(board, played)


def _submissions(root: Path) -> Iterator[Path]:
    """Yield the folders that hold a submission, in the order of their names; links are not followed."""
    for place, folders, files in os.walk(root):
        folders.sort()
        if {SUBMISSION, MANIFEST} & {*files}:
            # What lies below belongs to it.
            folders.clear()
            yield Path(place)


def _called(read: Submission, accepted: Sequence[Accepted]) -> str:
    """Return the name of an agent on the board: with its folder where another one has it already."""
    names = {each.name for each in accepted}
    return read.name if read.name not in names else f"{read.name} ({read.folder})"


def _written(board: Leaderboard, suite: SuiteRecipe) -> Leaderboard:
    """Write the board's folder: a run that holds all cells, its report, and the standings."""
    board.folder.mkdir(parents=True, exist_ok=True)
    tables: list[Table] = []
    files = None
    if board.accepted:
        _write_run(board, suite)
        files = report(board.folder, opening=partial(_opening, board, tables))
    for stale in [] if board.accepted else [*board.folder.glob("index*.html")]:
        stale.unlink()
    written = dataclasses.replace(board, standings=tuple(tables), files=files)
    texts = {
        "md": _markdown(written, suite),
        "csv": "".join(table.to_csv() for table in tables),
        "json": json.dumps(_content(written, suite), indent=1) + "\n",
    }
    for ending, text in texts.items():
        (board.folder / f"{_STEM}.{ending}").write_text(text, encoding="utf-8")
    return written


def _write_run(board: Leaderboard, suite: SuiteRecipe) -> None:
    (board.folder / RESULTS).unlink(missing_ok=True)
    cells = []
    with Store(board.folder / RESULTS) as store:
        for each in board.accepted:
            for cell, curves in zip(each.submission.cells, each.submission.curves, strict=True):
                spec = {**cell.spec, "agent": each.name}
                store.add(
                    spec,
                    dataclasses.replace(curves, strategy=each.name),
                    cell.seconds or 0.0,
                    cpu_seconds=cell.cpu_seconds,
                    provenance=cell.provenance,
                    code=cell.code,
                )
                cells.append(spec)
    description = {
        "title": suite.title,
        "command": f"alrl leaderboard FOLDER --seed {board.seed}",
        "cells": cells,
        "metrics": list(suite.metrics),
        "settings": {
            "suite": suite.suite,
            "suite sha256": suite.identity,
            "data sets": ", ".join(suite.data),
            "labels": suite.labels,
            "batch": ", ".join(map(str, suite.batches)),
            "paired seeds": suite.seeds,
            "learner": suite.learner.kind,
            "split": suite.split.model_dump(),
        },
    }
    write_description(board.folder, description)


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


def _opening(board: Leaderboard, tables: list[Table], summary: Summary) -> str:
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


def _markdown(board: Leaderboard, suite: SuiteRecipe) -> str:
    lines = [f"# {suite.title}", "", f"Suite {suite.suite}, {suite.identity[:12]}; `--seed {board.seed}`.", ""]
    lines += [table.to_markdown() for table in board.standings]
    lines += (
        ["## Rejected", "", *(f"- {name}: {' '.join(why.split())}" for name, why in board.rejected), ""]
        if board.rejected
        else []
    )
    return "\n".join(lines)


def _content(board: Leaderboard, suite: SuiteRecipe) -> dict[str, Any]:
    rows = [[dict(zip(table.header, row, strict=True)) for row in table.rows] for table in board.standings]
    return {
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
