"""Data sets from a user's own files: CSV and NumPy's npz."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.data.families import family
from alrl.errors import InvalidDataError
from alrl.recipes.suggest import unknown

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "<null>"})
"""Texts, in lower case, that stand for a missing value."""
MOST_LEVELS = 30
"""Levels above which a categorical column is not encoded."""


def missing(column: Sequence[str]) -> NDArray[np.bool_]:
    """Return True where the text stands for a missing value, (records,).

    >>> missing(["1", "?", "NaN"]).tolist()
    [False, True, True]
    """
    return np.array([text.lower() in MISSING for text in column], dtype=bool)


def numbers(column: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the column as numbers, NaN where missing, (records,); None if it holds other text or nothing at all.

    >>> numbers(["1", "?", "2.5"]).tolist(), numbers(["1", "red"])
    ([1.0, nan, 2.5], None)
    """
    absent = missing(column)
    if absent.all():
        return None
    values = np.full(len(column), np.nan)
    try:
        values[~absent] = np.array(column)[~absent].astype(np.float64)
    except ValueError:
        return None
    return values


def one_hot(column: Sequence[str]) -> NDArray[np.float64]:
    """Return an indicator column for each level in sorted order, (records, levels); missing values are a level.

    >>> one_hot(["b", "a", "b"]).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    levels, codes = np.unique(np.array(column), return_inverse=True)
    return np.eye(len(levels))[codes]


def read_csv(file: Path, *, label: str | None = None) -> DataSet:
    """Return the data set in a comma-separated file with a header.

    ``label`` names the class column, by default the last.

    Columns that hold numbers alone are taken as they are, others are one-hot encoded and said so in the notes. Classes
    that are numbers must be whole and keep their order.

    Raises InvalidDataError for a file that is no table, an unknown label, missing values, a categorical column of more
    than 30 levels (an identifier, as a rule) and classes that are numbers but not whole.
    """
    header, rows = _rows(file)
    if label is not None and label not in header:
        raise InvalidDataError(f"{file.name}: " + unknown("label column", label, header))
    target = len(header) - 1 if label is None else header.index(label)
    columns = [[row[position] for row in rows] for position in range(len(header))]
    _refuse_missing(file, header, columns)
    y = columns.pop(target)
    classes = numbers(y)
    names = header[:target] + header[target + 1 :]
    notes: list[str] = []
    X = np.concatenate([encode_text(file, name, column, notes) for name, column in zip(names, columns, strict=True)], 1)
    return DataSet.from_arrays(
        X, y if classes is None else classes, name=file.stem, origin=(family(file.stem),), notes=notes
    )


def read_npz(file: Path) -> DataSet:
    """Return the data set in a NumPy archive with the arrays ``X`` and ``y``; nothing in it is unpickled.

    Raises InvalidDataError for a file that is no such archive, lacks an array or holds pickled objects.
    """
    try:
        # Opened here, lest a broken archive stay open.
        with file.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise InvalidDataError(
            f"{file.name} cannot be read without unpickling ({error}); write it with numpy.savez(file, X=X, y=y), X"
            " holding numbers and y numbers or strings, not objects"
        ) from None
    absent = [name for name in ("X", "y") if name not in arrays]
    if absent:
        raise InvalidDataError(
            f"{file.name} holds {sorted(arrays)} and lacks {absent}; write it with numpy.savez(file, X=X, y=y)"
        )
    return DataSet.from_arrays(arrays["X"], arrays["y"], name=file.stem, origin=(family(file.stem),))


def _rows(file: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidDataError(f"{file.name} is no CSV text in UTF-8 ({error}); save it as such") from None
    if len(lines) < 2:
        raise InvalidDataError(f"{file.name} has no records; expected a header line and one line a record")
    header = lines[0][1]
    if len(header) < 2:
        raise InvalidDataError(
            f"{file.name} has one column ({header[0]!r}); expected comma-separated features and class"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InvalidDataError(f"{file.name} has several columns named {twice}; give each a name of its own")
    for number, row in lines[1:]:
        if len(row) != len(header):
            raise InvalidDataError(
                f"{file.name}, line {number}: {len(row)} values where the header names {len(header)} columns; mend it"
            )
    return header, [row for _, row in lines[1:]]


def _refuse_missing(file: Path, header: Sequence[str], columns: Sequence[Sequence[str]]) -> None:
    counts = {name: int(missing(column).sum()) for name, column in zip(header, columns, strict=True)}
    holes = [f"{name} ({count})" for name, count in counts.items() if count]
    if holes:
        shown = ", ".join(holes[:5]) + (", ..." if len(holes) > 5 else "")
        raise InvalidDataError(
            f"{file.name} has missing values in {len(holes)} columns: {shown}; impute them (such as the column mean) or"
            " drop those records, and give the category none a name of its own"
        )


def encode_text(file: Path, name: str, column: Sequence[str], notes: list[str]) -> NDArray[np.float64]:
    """Return a column of text as numbers, (records, columns).

    Taken as they are, or one-hot encoded, which ``notes`` then say.

    Raises InvalidDataError for text of more than 30 different values.

    >>> notes = []
    >>> encode_text(Path("own.csv"), "colour", ["red", "blue"], notes).tolist(), notes
    ([[0.0, 1.0], [1.0, 0.0]], ["column 'colour': one-hot encoded into 2 columns"])
    """
    values = numbers(column)
    if values is not None:
        return values[:, None]
    levels = len(set(column))
    if levels > MOST_LEVELS:
        raise InvalidDataError(
            f"{file.name}: column {name!r} is text with {levels} different values, more than the {MOST_LEVELS} that are"
            " one-hot encoded; remove it if it is an identifier, or encode it as numbers"
        )
    notes.append(f"column {name!r}: one-hot encoded into {levels} columns")
    return one_hot(column)
