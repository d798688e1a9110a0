"""Files that go to annotators and come back: CSV, TSV and JSON lines."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from alrl.errors import InvalidDataError
from alrl.numerics.arguments import is_absent
from alrl.projects.answers import Answer, read_label
from alrl.projects.exchange.taking import AnswerRow, Taken, take_rows
from alrl.projects.records.tables import NOTES, column_of, read_table
from alrl.projects.telling import check_annotator, id_of

if TYPE_CHECKING:
    from alrl.projects.project import Project

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "'"


KINDS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson"})
"""Suffixes of the files that tasks are written to."""


def write_tasks(project: Project, batch: pd.DataFrame, file: Path, *, reasons: bool = False) -> Path:
    """Write one row a record: its identifier, an empty label, and its columns.

    Text that a spreadsheet would run as a formula begins with an apostrophe; :func:`take_file` knows it. What the model
    thinks is left out, so that it leads no annotator, unless ``reasons`` asks for it.

    Raises InvalidDataError if there is such a file, its kind is unknown, or the batch names records that are not there.
    """
    check_new(file)
    table = project.records(column_of(batch, project.id_column, "id column").tolist())
    table.insert(1, project.state.settings["label"], "")
    if reasons:
        for name in [each for each in ("reason", "prediction", "confidence") if each in batch]:
            table[f"model {name}"] = batch[name].tolist()
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    part = file.with_name(f"{file.name}.part")
    part.write_text("".join(_lines(rows, list(table.columns), file.suffix)), encoding="utf-8", newline="")
    part.replace(file)
    return file


def check_new(file: Path) -> None:
    """Raise InvalidDataError where no tasks can be written: before anybody is asked for them.

    For a file that is there, one whose folder is not there, and one of an unknown kind.
    """
    if file.exists():
        raise InvalidDataError(f"{file} is there already; name another file, or move it away")
    if not file.absolute().parent.is_dir():
        raise InvalidDataError(f"there is no folder {file.absolute().parent} for {file.name}; make it, or name another")
    if file.suffix not in KINDS:
        raise InvalidDataError(f"a file of kind {file.suffix!r} given for tasks; allowed are .csv, .tsv and .jsonl")


def _lines(rows: list[dict[str, Any]], columns: list[str], kind: str) -> Iterator[str]:
    if kind in {".jsonl", ".ndjson"}:
        for row in rows:
            yield json.dumps(row, ensure_ascii=False, default=str) + "\n"
        return
    line = _Line()
    writer = csv.writer(line, delimiter="\t" if kind == ".tsv" else ",")
    writer.writerow([escaped(name) for name in columns])
    yield line.text
    for row in rows:
        writer.writerow([escaped(row[name]) for name in columns])
        yield line.text


class _Line:
    """What csv writes to, one line at a time."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def escaped(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula.

    >>> escaped("=1+1"), escaped("a=b"), escaped(-3.5)
    ("'=1+1", 'a=b', -3.5)
    """
    return f"{_MARK}{value}" if isinstance(value, str) and value.startswith((*_FORMULA, _MARK)) else value


def take_file(
    project: Project, file: Path, *, annotator: str | None = None, leave_out: bool = False, correct: bool = False
) -> Taken:
    """Take the answers in a file; taking it twice, or a longer one later, writes each answer once.

    The file has the project's columns of identifiers and labels, and may have ``annotator`` and ``seconds``. Rows whose
    label is empty are not answered yet; ``#unknown`` is "don't know" and ``#irrelevant`` a record that does not belong.

    Args:
        project: whose answers they are.
        file: CSV, TSV, JSON lines or Parquet.
        annotator: who answered, where the file does not say.
        leave_out: take the other rows where some cannot be taken, instead of none.
        correct: an answer that was given before, and corrected or set aside since, counts anew.

    Raises InvalidDataError, naming rows, for unknown records and classes, and for two different answers of one
    annotator to one record.
    """
    annotator = None if annotator is None else check_annotator(annotator)
    id_column, label_column = project.id_column, project.state.settings["label"]
    table = read_table(file, text=[id_column, label_column, "annotator"])
    for name in (id_column, label_column):
        if name not in table.columns:
            raise InvalidDataError(f"{file.name} has no column {name!r}; it has {', '.join(map(repr, table.columns))}")
    if annotator is None and "annotator" not in table.columns:
        raise InvalidDataError(f"{file.name} does not say who answered; name the annotator: --annotator ann")
    by_annotator, empty = _answers(project, table, file.name, id_column, label_column, annotator)
    try:
        return take_rows(project, by_annotator, source=file.name, empty=empty, leave_out=leave_out, correct=correct)
    except InvalidDataError as error:
        notes = "; ".join(table.attrs[NOTES])
        raise InvalidDataError(f"{error}. How {file.name} was read: {notes}" if notes else str(error)) from None


def _answers(
    project: Project, table: pd.DataFrame, file: str, id_column: str, label_column: str, annotator: str | None
) -> tuple[dict[str, list[AnswerRow]], int]:
    """Return row and answer of each annotator's rows, and how many rows have no answer."""
    known, empty = project.pool().position, 0
    rows, classes = dict[str, list[AnswerRow]](), project.state.classes
    names = table["annotator"].tolist() if "annotator" in table.columns else [annotator] * len(table)
    seconds = table["seconds"].tolist() if "seconds" in table.columns else [None] * len(table)
    columns = (table[id_column].tolist(), table[label_column].tolist(), names, seconds)
    for row, (record, value, who, took) in enumerate(zip(*columns, strict=True)):
        label = None if isinstance(value, str) and not value.strip() else value
        if is_absent(label):
            empty += 1
            continue
        given = None if is_absent(who) or (isinstance(who, str) and not who.strip()) else who
        if given is None and annotator is None:
            raise InvalidDataError(
                f"row {row + 1} of {file} does not say who answered; fill its cell, or name the annotator of such rows:"
                " --annotator ann"
            )
        try:
            name = annotator if given is None else check_annotator(id_of(given) if isinstance(given, Real) else given)
        except InvalidDataError as error:
            raise InvalidDataError(f"row {row + 1} of {file}: {error}") from None
        answer = Answer(
            id=_unmarked(id_of(record), known),
            label=read_label(_plain(label, classes)),
            seconds=float(took) if isinstance(took, int | float) and not math.isnan(took) else None,
        )
        rows.setdefault(name or "", []).append((f"row {row + 1}", answer))
    return rows, empty


def _unmarked(record: str, known: dict[str, int]) -> str:
    bare = record.removeprefix(_MARK)
    return bare if record not in known and bare in known else record


def _plain(label: Any, classes: list[str]) -> Any:
    if isinstance(label, str) and label not in classes and label.removeprefix(_MARK) in classes:
        return label.removeprefix(_MARK)
    return label
