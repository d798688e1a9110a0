"""Tables as people have them: frames, CSV, TSV, JSON lines and Parquet, read into one kind of frame."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alrl.data.tables.dialect import Dialect, find_dialect
from alrl.data.tables.label import check_once
from alrl.data.tables.recognise import LAST, warn_of_footer
from alrl.data.tables.text_file import TextFile, fallback, open_text
from alrl.errors import InvalidDataError, MissingPackageError
from alrl.recipes.suggest import unknown

_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
SOURCE, NOTES = "alrl source", "alrl notes"
"""Attributes of a frame: what errors call the table that it was read from, and what was found out about it."""


def read_table(source: Any, *, text: Collection[str] = ()) -> pd.DataFrame:
    """Return a table as a frame with columns named by text and rows numbered from 0, checked as other data are.

    Its attributes (``frame.attrs``) say where it comes from, by :data:`SOURCE`, and what was recognised, by
    :data:`NOTES`.

    Args:
        source: a pandas or polars frame, a mapping of columns, an array (records, features), or the path of a file:
            .csv, .tsv, .txt (the delimiter is recognised; .gz too), .jsonl or .parquet.
        text: columns of a file that are read as the text they are, such as identifiers and classes.

    Raises InvalidDataError for anything else, lines of unequal length, and columns that share a name, by which one is
    looked for or kept; MissingPackageError where Parquet needs the extra ``parquet``.

    >>> read_table({"age": [31, 40]}).shape
    (2, 1)
    """
    source = source.collect() if hasattr(source, "collect") else source
    if isinstance(source, str | Path):
        frame = _from_file(Path(source), text)
    elif isinstance(source, pd.DataFrame):
        frame = source.copy(deep=False)
    elif hasattr(source, "get_columns"):
        frame = pd.DataFrame({column.name: column.to_list() for column in source.get_columns()})
    elif isinstance(source, Mapping):
        frame = pd.DataFrame(dict(source))
    else:
        frame = _from_array(np.asarray(source))
    frame.columns = [str(name) for name in frame.columns]
    twice = sorted({name for name in frame.columns if list(frame.columns).count(name) > 1})
    if twice:
        raise InvalidDataError(f"several columns are named {twice}; give each a name of its own")
    called = Path(source).name if isinstance(source, str | Path) else frame.attrs.get(SOURCE, "the table")
    for name in text:
        check_once(frame.columns, name, called, "one")
    warn_of_footer(frame.tail(LAST).astype(object).to_numpy().tolist(), called)
    frame.attrs[SOURCE] = called
    return frame.reset_index(drop=True)


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


def _from_file(file: Path, text: Collection[str]) -> pd.DataFrame:
    if file.is_dir():
        raise InvalidDataError(f"{file} is a folder; give the path of a CSV, JSONL or Parquet file in it")
    if not file.is_file():
        raise InvalidDataError(f"there is no file {file} (looked from {Path.cwd()}); give a CSV, JSONL or Parquet file")
    kind = file.with_suffix("").suffix if file.suffix == ".gz" else file.suffix
    if kind == ".parquet":
        return _from_parquet(file)
    if kind in {".jsonl", ".ndjson"}:
        return pd.DataFrame(read_json_lines(file))
    return read_delimited(file, text)


def read_delimited(file: Path, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a table of delimited text: delimiter, encoding, header and decimal comma are recognised.

    Raises InvalidDataError for a file that is no such table.
    """
    opened = open_text(file)
    while True:
        try:
            return _parsed(opened, text)
        except UnicodeDecodeError:
            opened = fallback(opened)
        except (ValueError, csv.Error, OSError) as error:
            if isinstance(error, InvalidDataError):
                raise
            raise InvalidDataError(f"{file.name} is no table of text ({error}); save it as CSV") from None


def _parsed(opened: TextFile, text: Collection[str]) -> pd.DataFrame:
    with opened.lines() as lines:
        every = iter(lines)
        first = next(every, "")
        # A name that was given stands in the header; without one the first line may be a record.
        header = True if any(name in first for name in text) else None
        dialect, sample = find_dialect(itertools.chain([first], every), opened.path, has_header=header, names=text)
    with opened.lines() as lines:
        # pandas cuts a line that is too long, and fills one that is too short: values would change their columns.
        for _ in dialect.rows(lines, opened.path.name):
            pass
    above = _lines_above(opened, dialect)
    comma = dialect.delimiter != "," and any(_DECIMAL_COMMA.fullmatch(cell) for row in sample for cell in row)
    # By converters, because a class or an identifier may be named "None" or "NA": only an empty cell is missing.
    verbatim = dict.fromkeys([name for name in dialect.header if name in text], _verbatim)
    frame = pd.read_csv(
        opened.path,
        sep=dialect.delimiter,
        skiprows=above,
        names=list(dialect.header),
        index_col=False,
        decimal="," if comma else ".",
        converters=verbatim,
        encoding=opened.encoding,
        low_memory=False,
    )
    notes = list(dialect.notes)
    if opened.encoding not in {"utf-8", "utf-8-sig"}:
        notes.append(f"the text is in {opened.encoding}")
    # A line of delimiters alone is what a spreadsheet writes of an empty one.
    kept = frame.dropna(how="all")
    kept.attrs[NOTES] = notes
    return kept


def _lines_above(opened: TextFile, dialect: Dialect) -> int:
    """Return the lines of a file before its first record, empty ones included."""
    rows_left = dialect.skip
    with opened.lines() as lines:
        reader = csv.reader(lines, delimiter=dialect.delimiter)
        while rows_left:
            rows_left -= any(next(reader))
        return reader.line_num


def _verbatim(cell: str) -> str | None:
    return cell.strip() or None


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
    return pd.DataFrame({column.name: column.to_list() for column in columns})
