"""Check the records of a project as other data are checked, and report how their table is read with those before."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from alrl.data.tables.dates import date_order, looks_dated, warn_of_dates
from alrl.data.tables.encode import MOST_INDICATORS, check_numbers
from alrl.data.tables.frames import read_features
from alrl.data.tables.label import LABEL_NAMES
from alrl.data.tables.number_profile import NumberProfile, profile
from alrl.data.tables.pandas_column import is_text
from alrl.data.tables.recognise import notes_on_codes, suspicious, useless
from alrl.data.tables.report import DataReport
from alrl.data.tables.table import RawTable
from alrl.data.tables.vectorise import as_read
from alrl.errors import InvalidDataError
from alrl.projects.records.tables import NOTES, SOURCE

_MOST_NOTES = 5


def report_of(
    described: pd.DataFrame,
    *,
    id: str | None,  # noqa: A002 - what the column is called
    label: str,
    labels: Sequence[Any],
    classes: Sequence[str],
    drop: Sequence[str],
    before: pd.DataFrame | None = None,
) -> DataReport:
    """Return how a table was read; all columns that describe its records are kept, and what is odd is named.

    Args:
        described: the columns that describe the records, of a frame of :func:`alrl.projects.records.tables.read_table`.
        id: the column of identifiers.
        label: the column of classes.
        labels: what it holds, None where empty; nothing where there is no such column.
        classes: of the project.
        drop: columns that are left out.
        before: the records that are there already: words and dates are told as they are read in all records, and
            nothing is said of what else might be left out.

    Raises InvalidDataError for a column of infinite or huge numbers, or of values that cannot be used.

    >>> frame = pd.DataFrame({"age": [31.0, None], "town": ["Ulm", "Bonn"]})
    >>> print(report_of(frame, id=None, label="stays", labels=["yes", None], classes=["no", "yes"], drop=()))
    the table: 2 records, 2 features, 2 classes of 'stays' (no 0, yes 1)
      missing values: 'age' 1; a missing number counts as its column's mean
      encoded: 'town' (category of 2 levels)
    """
    source = described.attrs.get(SOURCE, "the table")
    table = read_features(described, source)
    numbers = profile(table.numbers)
    for name in table.places:
        check_numbers(table, name, numbers)
    known = Counter(each for each in labels if isinstance(each, str))
    whole = table if before is None else _with_words_of(table, before, described)
    warn_of_dates(whole, whole.columns, stacklevel=4)
    notes = [*described.attrs.get(NOTES, ()), *_missing(table, numbers), *notes_on_codes(whole, whole.columns)]
    if before is not None:
        notes += _turned(before, whole)
    elif not labels and label not in drop:
        notes += [
            f"column {name!r} is called as a class is, and describes the records; --label {name} makes it the class"
            for name in table.columns
            if name.lower() in LABEL_NAMES
        ]
    return DataReport(
        source=source,
        records=table.n_records,
        label=label,
        label_by="given",
        classes={name: known[name] for name in classes},
        features=len(table.columns),
        left_out={**dict.fromkeys(drop, "as asked"), **({id: "names the records"} if id else {})},
        encoded=dict(_encoded(whole)),
        notes=notes if before is not None else [*notes, *list(_odd(table, numbers))[:_MOST_NOTES]],
    )


def refuse_no_dates(before: pd.DataFrame, added: pd.DataFrame) -> None:
    """Raise InvalidDataError for words that are added to a column of dates and cannot be read among them.

    All of its dates would be words from then on.
    """
    for name in added:
        if not is_text(before[name]) or not is_text(added[name]):
            continue
        levels = [str(level) for level in before[name].dropna().unique()]
        known = set(levels)
        new = [str(level) for level in added[name].dropna().unique() if level not in known]
        if new and looks_dated(levels) and _read_as_dates(levels) and not _read_as_dates([*levels, *new]):
            place = bisect_left(range(1, len(new)), True, key=lambda count: not _read_as_dates([*levels, *new[:count]]))
            raise InvalidDataError(
                f"the column {str(name)!r} holds dates in the project, such as {levels[0]!r}, and the new records hold"
                f" {new[place]!r}, which cannot be read among them; write it as 2026-12-31, or leave the cell empty"
            )


def _read_as_dates(levels: Sequence[str]) -> bool:
    # skrub takes seconds to import: only who has dates pays for it.
    from alrl.data.tables.skrub_encoders import dated_columns

    return bool(dated_columns(as_read(pd.DataFrame({"date": levels}, dtype=object))))


def _with_words_of(table: RawTable, before: pd.DataFrame, added: pd.DataFrame) -> RawTable:
    """Return a table with the words of the records before in front of its own."""
    names = [name for name in table.texts if is_text(before[name])]
    both = pd.concat([before[names], added[names]], ignore_index=True)
    return replace(table, texts={**table.texts, **(read_features(both, table.name).texts if names else {})})


def _turned(before: pd.DataFrame, whole: RawTable) -> Iterator[str]:
    """Yield what is said of columns whose dates are read in another order now that records tell which it is."""
    for name in whole.texts:
        levels = [str(level) for level in before[name].dropna().unique()]
        old, new = date_order(levels), date_order(whole.texts[name].levels)
        if old is not None and new is not None and looks_dated(levels) and old.day_first != new.day_first:
            yield f"the dates of column {name!r} were read {old}; the new records tell that they are {new}"


def _missing(table: RawTable, numbers: NumberProfile) -> list[str]:
    gaps = {name: int(numbers.missing[place]) for name, (place, _) in table.places.items()}
    gaps |= {name: int((texts.codes < 0).sum()) for name, texts in table.texts.items()}
    gaps |= {name: int(np.isnat(values).sum()) for name, values in table.dates.items()}
    shown = [f"{name!r} {gaps[name]}" for name in table.columns if gaps[name]]
    more = f" and {len(shown) - 8} columns more" if len(shown) > 8 else ""
    words = f"missing values: {', '.join(shown[:8])}{more}; a missing number counts as its column's mean"
    return [words] if shown else []


def _encoded(table: RawTable) -> Iterator[tuple[str, str]]:
    for name in table.columns:
        levels = table.texts[name].levels if name in table.texts else ()
        if name in table.dates or looks_dated(levels):
            order = date_order(levels)
            yield name, f"date, {order}" if order else "date"
        elif name in table.texts:
            yield name, f"{'category' if len(levels) <= MOST_INDICATORS else 'text'} of {len(levels)} levels"


def _odd(table: RawTable, numbers: NumberProfile) -> Iterator[str]:
    """Yield what is odd about columns that are kept all the same."""
    for name in table.columns:
        reason = useless(table, name, numbers)
        if reason is not None:
            naming = f", --id {name} names the records by it" if "identifiers" in reason else ""
            yield f"column {name!r} looks like no feature ({reason}) and is kept; --drop {name} leaves it out{naming}"
        elif (remark := suspicious(table, name, numbers)) is not None:
            yield remark
