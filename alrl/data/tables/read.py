"""Reads a table from whatever people have: what is in it, what of it is used, and what was done to it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables import delimited, frames
from alrl.data.tables.archive import read_archive
from alrl.data.tables.classes import read_classes
from alrl.data.tables.columns import FeatureColumns
from alrl.data.tables.dates import warn_of_dates
from alrl.data.tables.encode import encode
from alrl.data.tables.label import find_label, guess_label
from alrl.data.tables.number_profile import NumberProfile, profile
from alrl.data.tables.recognise import notes_on_codes, suspicious, useless
from alrl.data.tables.report import DataReport
from alrl.data.tables.table import RawTable
from alrl.data.tables.text_file import suffix
from alrl.errors import GuessedLabelWarning, InvalidDataError, InvalidRecipeError
from alrl.recipes.regular_files import irregular
from alrl.recipes.suggest import unknown

SUFFIXES = (*delimited.SUFFIXES, *frames.PARQUET, *frames.ARROW)
"""Suffixes of files that hold tables."""
ARCHIVE = ".npz"


@dataclass(frozen=True, kw_only=True, eq=False)
class TableContent:
    """Content of a table: features as numbers, classes, and what they were."""

    name: str
    X: NDArray[np.float64]
    """Features of every record, labelled or not, (records, features)."""
    codes: NDArray[np.int64]
    """Of each record its class, -1 where it has no label, (records,)."""
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    columns: FeatureColumns
    report: DataReport


def is_table(source: Any) -> bool:
    """Return whether this is a frame, or the path of a file whose suffix says that it holds a table.

    >>> is_table("own.csv.gz"), is_table("iris"), is_table("own.npz")
    (True, False, False)
    """
    return frames.is_frame(source) or (isinstance(source, str | os.PathLike) and suffix(Path(source)) in SUFFIXES)


def is_archive(source: Any) -> bool:
    """Return whether this is the path of a NumPy archive.

    >>> is_archive("own.npz"), is_archive("own.csv")
    (True, False)
    """
    return isinstance(source, str | os.PathLike) and Path(source).suffix.lower() == ARCHIVE


def read_archive_file(source: Any, **columns: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the arrays X and y of an archive, which has no ``columns`` to name.

    Raises InvalidDataError as :func:`alrl.data.tables.archive.read_archive` does, and for columns that are named.
    """
    refuse_columns(Path(source).name, **columns)
    return read_archive(_file(source))


def refuse_columns(called: str, **columns: Any) -> None:
    """Raise InvalidDataError for ``columns`` that are named where there are arrays X and y."""
    named = [name for name, value in columns.items() if value is not None and value != ()]
    if named:
        raise InvalidDataError(f"{named[0]} names a column, and {called} has arrays X and y; leave it out")


def read_table(
    source: Any,
    *,
    label: str | int | None = None,
    drop: Sequence[str] = (),
    features: Sequence[str] | None = None,
    header: bool | None = None,
    name: str | None = None,
) -> TableContent:
    """Return what a table holds.

    Args:
        source: a frame of pandas or polars, or the path of a text table, Parquet, Arrow or Feather file.
        label: the column of the classes, or its place. Without one, the column that is called label, class, target or
            y; else the last one, with a GuessedLabelWarning, if it looks like classes and no other does more.
        drop: columns that are no features.
        features: the only features, None for all columns that look like one. What is named here is never left out.
        header: whether the first line of a text table names the columns, None to find out.
        name: what tables and errors call it; the name of the file by default.

    Raises:
        InvalidDataError: the table cannot be read, no column can be told to be the class, a column is not there, no
            feature is left, or the classes are none (dates, numbers of a regression, identifiers).
    """
    source = frames.collected(source)
    wanted = None if features is None else list(dict.fromkeys(features))
    table = _read(source, label, drop, wanted, header, name)
    called = table.name if frames.is_frame(source) else Path(source).name
    for column in [*drop, *(wanted or ())]:
        if column not in table.columns:
            raise InvalidDataError(f"{called}: {unknown('column', column, table.columns)}")
    position = find_label(table.columns, label, called, drop=drop)
    classes = guess_label(table, called, drop=drop) if position is None else position
    numbers = profile(table.numbers)
    chosen, left_out = _features(table, classes, drop, wanted, numbers)
    read = read_classes(table.texts[classes], classes)
    odd = [] if wanted is not None else list(filter(None, (suspicious(table, each, numbers) for each in chosen)))
    words = notes_on_codes(table, [each for each in table.columns if each != classes and each not in drop])
    warn_of_dates(table, chosen, stacklevel=3)
    encoded = encode(table, chosen, numbers)
    labelled = read.codes >= 0
    counts = np.bincount(read.codes[labelled], minlength=len(read.names))
    report = DataReport(
        source=called,
        records=int(labelled.sum()),
        unlabelled=int((~labelled).sum()),
        label=classes,
        label_by="last column" if position is None else "name" if label is None else "given",
        classes=dict(zip(read.names, counts.tolist(), strict=True)),
        features=encoded.X.shape[1],
        left_out=left_out,
        filled=encoded.filled,
        encoded=encoded.encoded,
        notes=(*table.notes, *read.notes, *words, *odd[:5]),
    )
    if report.guessed:
        warnings.warn(f"{called}, {report.sentences[0]}", GuessedLabelWarning, stacklevel=3)
    return TableContent(
        name=table.name,
        X=encoded.X,
        codes=read.codes,
        class_names=read.names,
        feature_names=encoded.names,
        columns=_with_frame(encoded.columns, source, table, chosen),
        report=report,
    )


def _read(
    source: Any,
    label: str | int | None,
    drop: Sequence[str],
    features: Sequence[str] | None,
    header: bool | None,
    name: str | None,
) -> RawTable:
    if frames.is_frame(source):
        return frames.read_frame(source, name=name or "data", label=label, skip=drop, only=features)
    path = _file(source)
    if suffix(path) in delimited.SUFFIXES:
        table = delimited.read_delimited(path, header=header, label=label, skip=drop, only=features)
    else:
        table = frames.read_frame_file(path, label=label, skip=drop, only=features)
    table.name = name or table.name
    return table


def not_a_file(path: Path | str) -> InvalidDataError:
    """Return the error of a folder given for a file, or of no name at all, which is the working directory to Python."""
    if not os.fspath(path):
        return InvalidDataError("'' given, an empty name; give a data set's name (alrl list data) or a table's path")
    files = sorted(file.name for file in Path(path).iterdir() if suffix(file) in {*SUFFIXES, ARCHIVE})
    inside = f", such as {Path(path) / files[0]}" if files else ""
    return InvalidDataError(f"{path} is a folder; give the path of a table in it{inside}")


def _file(source: Any) -> Path:
    """Return the path of a regular file of a kind that is read."""
    if not isinstance(source, str | os.PathLike):
        raise InvalidDataError(
            f"a table cannot be read from {type(source).__name__}; give the path of a file or a frame of pandas or"
            " polars, or a pair (X, y) of arrays"
        )
    path = Path(source)
    if path.is_dir():
        raise not_a_file(source if isinstance(source, str) else path)
    if suffix(path) not in {*SUFFIXES, ARCHIVE}:
        raise InvalidDataError(
            f"{path} is of kind {path.suffix!r}; give one of {', '.join((*SUFFIXES, ARCHIVE))}, text also as .gz, .bz2"
            " or .xz, or read it and pass a frame or the pair (X, y)"
        )
    if kind := irregular(path):
        raise InvalidRecipeError(f"{path} is {kind}, not a regular file; give the path of a table")
    if not path.is_file():
        raise InvalidRecipeError(
            f"there is no file {path} (looked from {Path.cwd()}); give the path of a file that exists"
        )
    return path


def _features(
    table: RawTable, label: str, drop: Sequence[str], wanted: Sequence[str] | None, numbers: NumberProfile
) -> tuple[list[str], dict[str, str]]:
    """Return the columns that are features, and why others are none."""
    left_out = {name: "as asked" for name in table.columns if name in drop}
    if wanted is not None:
        chosen = [name for name in wanted if name not in left_out and name != label]
        given_up = [name for name in chosen if name in table.left_out]
        if given_up:
            raise InvalidDataError(
                f"{table.name}: column {given_up[0]!r} cannot be a feature: {table.left_out[given_up[0]]}"
            )
    else:
        left_out |= table.left_out
        for name in table.columns:
            if name != label and name not in left_out and (reason := useless(table, name, numbers)) is not None:
                left_out[name] = reason
        chosen = [name for name in table.columns if name != label and name not in left_out]
    if not chosen:
        reasons = "; ".join(f"{name!r}: {reason}" for name, reason in list(left_out.items())[:8])
        raise InvalidDataError(
            f"{table.name}: no column beside the label {label!r} is a feature ({reasons or 'there is no other'}); name"
            " some with features= if they are"
        )
    return chosen, left_out


def _with_frame(columns: FeatureColumns, source: Any, table: RawTable, chosen: Sequence[str]) -> FeatureColumns:
    if not frames.is_frame(source):
        return columns
    places = [table.columns.index(name) for name in chosen]
    given = source.iloc[:, places] if hasattr(source, "iloc") else source[:, places]
    return replace(columns, given=given)
