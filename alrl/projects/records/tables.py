"""Tables as people have them: frames, CSV, TSV, JSON lines and Parquet, read into one kind of frame."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alrl.data.arrays import is_inexact, may_be_inexact
from alrl.data.tables.delimited import SUFFIXES
from alrl.data.tables.dialect import find_dialect
from alrl.data.tables.frames import collected
from alrl.data.tables.label import check_once, feature_level, label_level
from alrl.data.tables.numbers import (
    PLAIN,
    NumberFormat,
    column_formats,
    parse_numbers,
    unusual_formats,
)
from alrl.data.tables.pandas_column import holds_inexact, is_text, objects_of
from alrl.data.tables.python_values import text_of
from alrl.data.tables.recognise import LAST, warn_of_footer
from alrl.data.tables.table import Texts, as_texts
from alrl.data.tables.text_file import TextFile, fallback, open_text, suffix
from alrl.errors import InvalidDataError, MissingPackageError
from alrl.recipes.regular_files import irregular
from alrl.recipes.suggest import unknown

_ROWS = 10_000
"""Records that are turned into columns at a time."""
JSON_LINES = (".jsonl", ".ndjson")
_TRUTH = {"true": True, "false": False}
SOURCE, NOTES = "alrl source", "alrl notes"
"""Attributes of a frame: what errors call the table that it was read from, and what was found out about it."""


def read_table(source: Any, *, text: Collection[str] = (), words: Collection[str] = ()) -> pd.DataFrame:
    """Return a table as a frame with columns named by text and rows numbered from 0, checked as other data are.

    Numbers that are written as text become numbers as they do in :func:`alrl.data.tables.read.read_table`, and integers
    that no float holds become text. Its attributes (``frame.attrs``) say where it comes from, by :data:`SOURCE`, and
    what was recognised, by :data:`NOTES`.

    Args:
        source: a pandas or polars frame, a mapping of columns, an array (records, features), or the path of a file:
            .csv, .tsv, .txt (the delimiter is recognised; .gz too), .jsonl or .parquet.
        text: columns of a file that are read as the text they are, such as identifiers and classes.
        words: columns that hold words, whatever the table has in them.

    Raises InvalidDataError for anything else, lines of unequal length, and columns that share a name, by which one is
    looked for or kept; MissingPackageError where Parquet needs the extra ``parquet``.

    >>> read_table({"age": [31, 40]}).shape
    (2, 1)
    """
    source = collected(source)
    commas = True
    if isinstance(source, str | Path):
        frame, commas = _from_file(Path(source), text)
    elif isinstance(source, pd.DataFrame):
        # An index that goes by the name of the identifiers holds them.
        named = source.index.name in text and source.index.name not in source.columns
        frame = source.reset_index() if named else source.copy(deep=False)
    elif hasattr(source, "get_columns"):
        frame = _from_lists({column.name: column.to_list() for column in source.get_columns()})
    elif isinstance(source, Mapping):
        frame = pd.DataFrame(dict(source))
    else:
        frame = _from_array(np.asarray(source))
    if not len(frame):
        raise InvalidDataError(f"the table has no records, only the columns {list(map(str, frame.columns))}")
    frame.columns = [str(name) for name in frame.columns]
    twice = sorted({name for name in frame.columns if list(frame.columns).count(name) > 1})
    if twice:
        raise InvalidDataError(f"several columns are named {twice}; give each a name of its own")
    called = Path(source).name if isinstance(source, str | Path) else frame.attrs.get(SOURCE, "the table")
    for name in text:
        check_once(frame.columns, name, called, "one")
    warn_of_footer(frame.tail(LAST).astype(object).to_numpy().tolist(), called)
    frame = frame.reset_index(drop=True)
    _type(frame, text, words, commas)
    frame.attrs[SOURCE] = called
    return frame


def _type(frame: pd.DataFrame, text: Collection[str], words: Collection[str], commas: bool) -> None:
    """Make numbers of the columns of text that hold some, and words of the others that are or have to be words."""
    texts = {}
    for name in [each for each in frame.columns if each not in text]:
        column = frame[name]
        if name not in words and is_text(column):
            texts[name] = as_texts(objects_of(column))
        elif (name in words and not is_text(column)) or holds_inexact(column):
            frame[name] = np.array(list(map(text_of, objects_of(column))), dtype=object)
    formats = column_formats({name: each.levels for name, each in texts.items()}, comma_separates=commas)
    for name, written in formats.items():
        if written is not None:
            frame[name] = _numbers(texts[name], written)
    frame.attrs[NOTES] = [*frame.attrs.get(NOTES, ()), *unusual_formats(formats)]


def _numbers(texts: Texts, written: NumberFormat) -> NDArray[Any]:
    """Return a column of numbers, of integers where all are whole and written as such."""
    levels = parse_numbers(list(texts.levels), written)
    if levels is None:
        raise AssertionError("the format is that of these levels")
    numbers = np.append(levels, np.nan)[texts.codes]
    whole = written == PLAIN and not any(mark in level for level in texts.levels for mark in ".eE")
    whole = whole and not may_be_inexact(numbers) and not np.isnan(numbers).any()
    return numbers.astype(np.int64) if whole else numbers


def column_of(frame: pd.DataFrame, name: str, noun: str) -> pd.Series[Any]:
    """Return a column. Raises InvalidDataError, naming the nearest one, if there is none."""
    if name not in frame.columns:
        raise InvalidDataError(unknown(noun, name, list(frame.columns)))
    column: pd.Series[Any] = frame[name]
    return column


def ids_of(frame: pd.DataFrame, name: str | None, start: int = 0) -> list[str]:
    """Return the identifiers of the records as text: those of the column ``name``, or numbers from ``start``.

    Raises InvalidDataError for missing identifiers and for those given twice.

    >>> ids_of(pd.DataFrame({"customer": ["007", "8"]}), "customer"), ids_of(pd.DataFrame({"age": [31]}), None, 5)
    (['007', '8'], ['5'])
    """
    if name is None:
        return [str(number) for number in range(start, start + len(frame))]
    column = column_of(frame, name, "id column")
    if column.isna().any():
        raise InvalidDataError(
            f"column {name!r} has {int(column.isna().sum())} empty identifiers; give each record one"
        )
    whole = column.astype(np.int64) if pd.api.types.is_float_dtype(column) and (column % 1 == 0).all() else column
    ids = [str(value).strip() for value in whole.tolist()]
    counts = pd.Series(ids).value_counts()
    twice = counts[counts > 1].index.tolist()
    if twice:
        raise InvalidDataError(
            f"column {name!r} names {len(twice)} records twice ({', '.join(twice[:3])}); an identifier names one"
            " record: drop the copies, or choose another column"
        )
    return ids


def _from_array(array: Any) -> pd.DataFrame:
    if array.ndim != 2 or not array.size:
        raise InvalidDataError(f"an array of shape {array.shape} given; expected (records, features), or a table")
    return pd.DataFrame(array, columns=[f"feature {number}" for number in range(array.shape[1])])


def _from_file(file: Path, text: Collection[str]) -> tuple[pd.DataFrame, bool]:
    """Return the table in a file, and whether commas separate its columns."""
    if file.is_dir():
        raise InvalidDataError(f"{file} is a folder; give the path of a CSV, JSONL or Parquet file in it")
    if kind := irregular(file):
        raise InvalidDataError(f"{file} is {kind}, not a regular file; give a CSV, JSONL or Parquet file")
    if not file.is_file():
        raise InvalidDataError(f"there is no file {file} (looked from {Path.cwd()}); give a CSV, JSONL or Parquet file")
    kind = suffix(file)
    if kind == ".parquet":
        return _from_parquet(file), True
    if kind not in {"", *JSON_LINES, *SUFFIXES}:
        raise InvalidDataError(
            f"{file.name} is of kind {kind!r}; give {', '.join((*SUFFIXES, *JSON_LINES))} or .parquet"
            f"{': one JSON object a line, no list of them' if kind == '.json' else ''}"
        )
    if kind in JSON_LINES:
        rows = read_json_lines(file)
        names = dict.fromkeys(name for row in rows for name in row)
        return _from_lists({name: [row.get(name) for row in rows] for name in names}), True
    return _from_text(file, text)


def _from_lists(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Return a frame in which integers beside gaps stay integers where a float would not hold them."""
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object) if any(map(is_inexact, values)) else values
            for name, values in columns.items()
        }
    )


def _from_text(file: Path, text: Collection[str]) -> tuple[pd.DataFrame, bool]:
    """Return a table of delimited text, all of it text: delimiter, encoding and header are recognised."""
    opened = open_text(file)
    while True:
        try:
            return _cells(opened, text)
        except UnicodeDecodeError:
            opened = fallback(opened)
        except (ValueError, csv.Error, OSError) as error:
            if isinstance(error, InvalidDataError):
                raise
            raise InvalidDataError(f"{file.name} is no table of text ({error}); save it as CSV") from None


def _cells(opened: TextFile, text: Collection[str]) -> tuple[pd.DataFrame, bool]:
    with opened.lines() as lines:
        every = iter(lines)
        first = next(every, "")
        # A name that was given stands in the header; without one the first line may be a record.
        header = True if any(name in first for name in text) else None
        dialect, _ = find_dialect(itertools.chain([first], every), opened.path, has_header=header, names=text)
    # A class or an identifier may be named "None" or "NA": only an empty cell is missing.
    levels = [label_level if name in text else feature_level for name in dialect.header]
    columns: list[list[Any]] = [[] for _ in dialect.header]
    with opened.lines() as lines:
        rows = dialect.rows(lines, opened.path.name)
        while taken := list(itertools.islice(rows, _ROWS)):
            for column, level, cells in zip(columns, levels, zip(*taken, strict=True), strict=True):
                column.extend(map(level, cells))
    for at, name in enumerate(dialect.header):
        if name not in text and all(str(cell).lower() in _TRUTH for cell in columns[at]):
            columns[at] = [_TRUTH[cell.lower()] for cell in columns[at]]
    frame = pd.DataFrame(dict(zip(dialect.header, columns, strict=True)))
    notes = list(dialect.notes)
    if opened.encoding not in {"utf-8", "utf-8-sig"}:
        notes.append(f"the text is in {opened.encoding}")
    frame.attrs[NOTES] = notes
    return frame, dialect.delimiter == ","


def read_json_lines(file: Path) -> list[dict[str, Any]]:
    """Read one JSON object a line. Raises InvalidDataError, naming the line, for anything else."""
    rows = []
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InvalidDataError(f"{file.name}, line {number}: no JSON ({error}); mend or remove it") from None
            if not isinstance(row, dict):
                raise InvalidDataError(f"{file.name}, line {number}: {type(row).__name__} given; expected an object")
            rows.append(row)
    return rows


def _from_parquet(file: Path) -> pd.DataFrame:
    try:
        import polars as pl
    except ImportError:
        raise MissingPackageError(f'{file.name} needs the extra "parquet": pip install "alrl[parquet]"') from None
    try:
        columns = pl.read_parquet(file).get_columns()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InvalidDataError(f"{file.name} is no Parquet file ({error})") from None
    return _from_lists({column.name: column.to_list() for column in columns})
