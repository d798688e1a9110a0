"""Tables from frames in memory (pandas, polars) and from the files that hold frames: Parquet, Arrow, Feather."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from alrl.data.tables import pandas_column, polars_column
from alrl.data.tables.dialect import unique_names
from alrl.data.tables.label import label_or_last
from alrl.data.tables.recognise import LAST, warn_of_footer
from alrl.data.tables.table import MOST_NUMBERS, NumberBlocks, RawTable, Texts, Values
from alrl.errors import InvalidDataError

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
_LEVEL = re.compile(r"__index_level_\d+__")


def is_frame(source: Any) -> bool:
    """Return whether this is a frame of pandas or polars, without importing either."""
    # Of the class, for a lazy frame of polars warns where its columns are asked for.
    return type(source).__module__.partition(".")[0] in {"pandas", "polars"} and hasattr(type(source), "columns")


def collected(source: Any) -> Any:
    """Return a lazy frame of polars as the frame that it stands for, and anything else as it is."""
    return source.collect() if type(source).__module__.startswith("polars.") and hasattr(source, "collect") else source


def refuse_another_order(ours: Any, y: Any, records: str, name: str) -> None:
    """Raise InvalidDataError where the index of ``y`` holds the index labels ``ours`` (n,) in another order.

    Labels go with records by their places; an index that says otherwise is a mistake to be told.
    """
    if ours is None or not hasattr(y, "iloc"):
        return
    labels, theirs = ours.tolist(), y.index.tolist()
    try:
        same = len(set(labels)) == len(labels) == len(theirs) and set(labels) == set(theirs)
    except TypeError:
        return
    if same and labels != theirs:
        raise InvalidDataError(
            f"{name} has the index of {records} in another order; labels go with records by their places: give"
            f" {name}.loc[{records}.index]"
        )


def read_frame_file(
    path: Path,
    *,
    label: str | int | None = None,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> RawTable:
    """Return the table in a Parquet, Arrow or Feather file; arguments are those of :func:`read_frame`.

    What a file keeps of the index of a pandas frame is no column of it, unless it is named.

    Raises InvalidDataError for a file that is none, or without records, and for columns of kinds that cannot be used;
    MissingPackageError without polars.
    """
    polars = polars_column.import_polars()
    kind = "Parquet" if path.suffix.lower() in PARQUET else "Arrow"
    try:
        lazy = _scan(polars, path)
        stored = lazy.collect_schema().names()
        index = _index_levels(polars, path, stored) - {label, *skip, *(only or ())}
        names = [name for name in stored if name not in index]
        classes = label_or_last(names, label, path.name, drop=skip) if names else None
        frame = lazy.select([name for name in names if name == classes or _wanted(name, skip, only)]).collect()
    except (polars.exceptions.PolarsError, OSError) as error:
        raise InvalidDataError(f"{path.name} is no {kind} file ({str(error).splitlines()[0]})") from None
    table = read_frame(frame, name=path.stem, label=classes)
    table.columns = tuple(names)
    if index:
        table.notes.append(f"left out, as the index of a pandas frame: {', '.join(sorted(index))}")
    return table


def read_frame(
    frame: Any,
    *,
    name: str = "data",
    label: str | int | None = None,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> RawTable:
    """Return the table in a frame of pandas or polars.

    Args:
        frame: the frame; an index is no column of it.
        name: what tables and errors call it.
        label: the column of the classes, which is kept as the text it is; None for the one that may be it.
        skip: columns that are not wanted.
        only: the only columns that are wanted, beside the classes; None for all.

    Raises InvalidDataError for a frame without records or columns, and for columns of kinds that cannot be used.
    """
    given = [" ".join(filter(None, map(str, each))) if isinstance(each, tuple) else str(each) for each in frame.columns]
    names = unique_names(given)
    if len(names) < 2 or not len(frame):
        raise InvalidDataError(f"{name} has shape {frame.shape}; expected records, features and a class column")
    classes = label_or_last(names, label, name, drop=skip)
    wanted = [column == classes or _wanted(column, skip, only) for column in names]
    kept = {column: _column(frame, at, column, classes) for at, column in enumerate(names) if wanted[at]}
    end = frame.tail(LAST)
    # pandas has several values for what is missing, and NA cannot be compared.
    rows = end.astype(object).where(end.notna(), None).to_numpy().tolist() if hasattr(frame, "iloc") else end.rows()
    warn_of_footer(rows, name)
    twice = [new for new, old in zip(names, given, strict=True) if new != old and old]
    notes = [f"several columns have one name: those after the first are called {', '.join(twice[:5])}"] if twice else []
    return _table(name, names, kept, len(frame), notes)


def read_features(frame: Any, name: str) -> RawTable:
    """Return the table in a frame whose columns, each of a name of its own, are features alone.

    Raises InvalidDataError for columns of kinds that cannot be used.
    """
    names = tuple(map(str, frame.columns))
    kept = {column: _column(frame, at, column, None) for at, column in enumerate(names)}
    return _table(name, names, kept, len(frame), [])


def _column(frame: Any, at: int, column: str, classes: str | None) -> Values:
    if hasattr(frame, "iloc"):
        return pandas_column.read_column(frame.iloc[:, at], column, is_label=column == classes)
    return polars_column.read_column(frame.to_series(at), column, is_label=column == classes)


def _scan(polars: Any, path: Path) -> Any:
    if path.suffix.lower() in PARQUET:
        return polars.scan_parquet(path)
    try:
        lazy = polars.scan_ipc(path)
        lazy.collect_schema()
    except (polars.exceptions.PolarsError, OSError):
        # Arrow has a second format, which is written as a stream.
        return polars.read_ipc_stream(path).lazy()
    return lazy


def _index_levels(polars: Any, path: Path, names: Collection[str]) -> set[str]:
    """Return the columns that hold the index of the pandas frame that was written, one for each of its levels."""
    levels = {name for name in names if _LEVEL.fullmatch(name)}
    if path.suffix.lower() not in PARQUET:
        return levels
    try:
        named = json.loads(polars.read_parquet_metadata(path).get("pandas", "{}"))["index_columns"]
    except (KeyError, TypeError, ValueError):
        return levels
    # A plain range is written as a table of start, stop and step.
    return levels | {name for name in named if isinstance(name, str) and name in names}


def _wanted(name: str, skip: Collection[str], only: Collection[str] | None) -> bool:
    return name not in skip and (only is None or name in only)


def _table(name: str, names: tuple[str, ...], kept: Mapping[str, Values], n_records: int, notes: list[str]) -> RawTable:
    arrays = {column: values for column, values in kept.items() if not isinstance(values, Texts)}
    numbers = {column: values for column, values in arrays.items() if values.dtype.kind == "f"}
    widths = {column: 1 if values.ndim == 1 else values.shape[1] for column, values in numbers.items()}
    if sum(widths.values()) * n_records > MOST_NUMBERS:
        raise InvalidDataError(
            f"{name} holds more than {MOST_NUMBERS:,} numbers (4 GiB); name fewer features, or play it from a file with"
            " alrl.LargePool (docs/large-pools.md)"
        )
    matrix = np.empty((n_records, sum(widths.values())))
    places: dict[str, tuple[int, int]] = {}
    start = 0
    for column, values in numbers.items():
        places[column] = (start, widths[column])
        matrix[:, start : start + widths[column]] = values.reshape(n_records, -1)
        start += widths[column]
    return RawTable(
        name=name,
        columns=names,
        n_records=n_records,
        numbers=NumberBlocks.of(matrix),
        places=places,
        texts={column: values for column, values in kept.items() if isinstance(values, Texts)},
        dates={column: values for column, values in arrays.items() if values.dtype.kind == "M"},
        notes=notes,
    )
