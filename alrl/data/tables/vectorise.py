"""Dates and text of many levels as numbers, by skrub's TableVectorizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables.dates import plain_dates
from alrl.data.tables.numbers import deciding_code
from alrl.data.tables.pandas_column import is_text
from alrl.data.tables.table import RawTable

_FIT_RECORDS = 100_000
"""Records that the encoders are fitted on, spread over the table; their number bounds time and memory."""
_KINDS = {"datetime": "date", "high_cardinality": "text", "low_cardinality": "category", "numeric": "numbers"}


@dataclass(frozen=True, kw_only=True)
class Vectorised:
    """One column as skrub encodes it."""

    kind: str
    """``date``, ``text``, ``category`` or ``numbers``."""
    names: tuple[str, ...]
    values: NDArray[np.float64]
    """(records, names), finite."""


def vectorise(table: RawTable, columns: Sequence[str]) -> dict[str, Vectorised]:
    """Return columns of text and dates as numbers; a column that is the same in every record is left out.

    Where a number cannot be made of a value, it is the mean of its column and an indicator column says so.
    """
    # skrub takes seconds to import: only who has such columns pays for it.
    from alrl.data.tables.skrub_encoders import encoded_frame, table_vectoriser

    frame = _frame(table, columns)
    vectoriser = table_vectoriser()
    step = -(-table.n_records // _FIT_RECORDS)
    vectoriser.fit(frame.iloc[::step])
    parts = [
        np.asarray(encoded_frame(vectoriser, frame.iloc[start : start + _FIT_RECORDS]))
        for start in range(0, table.n_records, _FIT_RECORDS)
    ]
    values = np.concatenate(parts)
    names = [str(name) for name in vectoriser.get_feature_names_out()]
    place = {name: at for at, name in enumerate(names)}
    made = {}
    for column in columns:
        outputs = [name for name in vectoriser.input_to_outputs_.get(column, ()) if name in place]
        kind = _KINDS.get(vectoriser.column_to_kind_.get(column, ""), "text")
        made[column] = _finite(kind, outputs, values[:, [place[name] for name in outputs]])
    return made


def _frame(table: RawTable, columns: Sequence[str]) -> Any:
    import pandas as pd

    content: dict[str, Any] = {}
    for name in columns:
        if name in table.dates:
            content[name] = table.dates[name].astype("datetime64[us]")
        else:
            texts = table.texts[name]
            content[name] = np.array([*texts.levels, None], dtype=object)[texts.codes]
    return as_read(pd.DataFrame(content))


def as_read(frame: Any) -> Any:
    """Return a frame of pandas in which skrub reads text as tables are read here.

    It would make numbers of digits that are words, which become categories, and read dates month first if a few of them
    allow it, and not at all where AM and PM alternate: they become plain (:func:`~alrl.data.tables.dates.plain_dates`).

    >>> import pandas as pd
    >>> frame = as_read(pd.DataFrame({"zip": ["01067", "4711"], "since": ["03/04/2026", "25/12/2026"]}))
    >>> str(frame["zip"].dtype), frame["since"].tolist()
    ('category', ['2026-04-03', '2026-12-25'])
    """
    frame = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if not is_text(column):
            continue
        levels = column.dropna().unique().tolist()
        if deciding_code(levels) is not None:
            frame.isetitem(place, column.astype("category"))
        elif (plain := plain_dates(levels)) is not None:
            frame.isetitem(place, column.map(plain, na_action="ignore"))
    return frame


def _finite(kind: str, names: Sequence[str], values: NDArray[np.float64]) -> Vectorised:
    missing = ~np.isfinite(values)
    kept_names: list[str] = []
    kept: list[NDArray[np.float64]] = []
    for at, name in enumerate(names):
        column: NDArray[np.float64] = np.array(values[:, at], np.float64)
        gone = missing[:, at]
        if gone.all() or (not gone.any() and (column == column[0]).all()):
            continue
        column[gone] = column[~gone].mean()
        kept_names.append(name)
        kept.append(column)
    if missing.any() and names:
        kept_names.append(f"{names[0].rpartition('_')[0]} is missing")
        kept.append(np.asarray(missing.any(1), np.float64))
    matrix = np.stack(kept, 1) if kept else np.empty((len(values), 0))
    return Vectorised(kind=kind, names=tuple(kept_names), values=matrix)
