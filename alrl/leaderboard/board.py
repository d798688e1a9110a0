"""The board: submissions that hold, as a study's report, and those that do not, with the reason."""

from __future__ import annotations

import dataclasses
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from alrl.errors import InvalidRecipeError
from alrl.evaluation.table import Table
from alrl.leaderboard.manifest import MANIFEST, SubmissionError
from alrl.leaderboard.standings import Accepted, Leaderboard, as_json, markdown, opening
from alrl.leaderboard.submission import SUBMISSION
from alrl.leaderboard.suite import SUITE, SuiteRecipe, load_suite
from alrl.leaderboard.verification import Submission, read_submission, replay
from alrl.progress import Bars
from alrl.reports.report import report
from alrl.studies.description import write_description
from alrl.studies.store import RESULTS, Store

_STEM = "leaderboard"
_PRIMARY = ("general", "margin")
"""What is drawn as the subject where it is on the board, and what agents are held against."""


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

    Raises InvalidRecipeError for a suite or a folder that there is not, InvalidDataError where a data set is not the
    suite's.
    """
    root, played = Path(folder), load_suite(suite)
    if not root.is_dir():
        raise InvalidRecipeError(f"there is no folder {root} (looked from {Path.cwd()}); give that of the submissions")
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
        files = report(board.folder, opening=partial(opening, board, tables))
    for stale in [] if board.accepted else [*board.folder.glob("index*.html")]:
        stale.unlink()
    written = dataclasses.replace(board, standings=tuple(tables), files=files)
    texts = {
        "md": markdown(written, suite),
        "csv": "".join(table.to_csv() for table in tables),
        "json": as_json(written, suite),
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
        "primary": _PRIMARY,
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
