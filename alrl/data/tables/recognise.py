"""Recognise which columns are no features: row numbers, identifiers, columns without a value or of one value alone."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables.dates import looks_dated
from alrl.data.tables.label import UNNAMED
from alrl.data.tables.number_profile import NumberProfile
from alrl.data.tables.numbers import deciding_code, is_missing
from alrl.data.tables.report import ONE_VALUE
from alrl.data.tables.table import WORDS, RawTable, Texts
from alrl.errors import FooterWarning
from alrl.numerics.arguments import is_absent

_INDEX = {
    "index", "idx", "row", "rows", "rowid", "row_id", "rowname", "rownames", "row.names", "rownumber", "row_number",
    "rownum", "record", "obs", "observation", "case", "caseno", "sample", "no", "no.", "nr", "nr.", "num", "number",
    "#", "serial", "sno", "s.no", "s.no.", "sl", "key", "lfd", "lfd.", "position",
}  # fmt: skip
_ID = "([iI][dD]s?|[uUgG][uU][iI][dD])"
_IDENTIFIER = re.compile(rf"({_ID}|.*[_\-. ]{_ID}|.*[a-z](Id|ID)|[iI][dD][_\-. ].*)")
_FEWEST = 10
"""Records from which a column without repetition says something."""
LAST = 20
"""Records that a last line is compared with."""
_TOTALS = {
    "total", "totals", "grand total", "grand totals", "subtotal", "subtotals", "sum", "sums", "average", "averages",
    "mean", "summe", "gesamt", "gesamtsumme", "insgesamt", "mittelwert", "durchschnitt", "somme", "totale", "suma",
}  # fmt: skip


def useless(table: RawTable, column: str, numbers: NumberProfile) -> str | None:
    """Return why a column is no feature, None if it may be one.

    >>> from alrl.data.tables.number_profile import profile
    >>> from alrl.data.tables.table import NumberBlocks, as_texts
    >>> blocks = NumberBlocks.of(np.array([[7.0], [8.0]]))
    >>> table = RawTable(name="own", columns=("id", "a"), n_records=2, numbers=blocks, places={"id": (0, 1)},
    ...               texts={"a": as_texts(["red", "red"])})
    >>> useless(table, "id", profile(blocks)), useless(table, "a", profile(blocks))
    ('identifiers', 'one value in every record')
    """
    if column in table.dates:
        return _dates(table.dates[column])
    if column in table.texts:
        return _texts(table.texts[column], column)
    place, width = table.places[column]
    return _numbers(table, column, place, numbers) if width == 1 else None


def suspicious(table: RawTable, column: str, numbers: NumberProfile) -> str | None:
    """Return what is odd about a column of numbers that is kept all the same, None if nothing is."""
    place, width = table.places.get(column, (0, 0))
    if width != 1 or table.n_records < _FEWEST:
        return None
    if numbers.counts[place]:
        return f"column {column!r} counts the records; leave it out if that is all it does (--drop {column})"
    if numbers.whole[place] and _IDENTIFIER.fullmatch(column):
        return f"column {column!r} is called an identifier and is taken as a number; --drop {column} leaves it out"
    return None


def notes_on_codes(table: RawTable, columns: Iterable[str]) -> list[str]:
    """Return notes on columns that hold digits and are words, with the value that makes them so.

    >>> from alrl.data.tables.table import NumberBlocks, as_texts
    >>> table = RawTable(name="own", columns=("zip",), n_records=2, numbers=NumberBlocks(0), places={},
    ...               texts={"zip": as_texts(["01067", "4711"])})
    >>> notes_on_codes(table, ["zip"])[0].partition(";")[0]
    "digits with a leading zero are words, no numbers: 'zip' (01067)"
    """
    zeros: list[str] = []
    long: list[str] = []
    for name in columns:
        levels = table.texts[name].levels if name in table.texts else ()
        code = deciding_code(levels)
        if code is not None:
            (zeros if code.startswith("0") else long).append(f"{name!r} ({code})")
    kinds = (
        (zeros, "digits with a leading zero are words, no numbers", "write them without it where they are amounts"),
        (long, "integers that numbers would merge are words", "write them as 9.007e15 where they are amounts"),
    )
    return [
        f"{what}: {', '.join(names[:5])}{', ...' * (len(names) > 5)}; {advice}"
        for names, what, advice in kinds
        if names
    ]


def warn_of_footer(rows: Sequence[Sequence[Any]], source: str, *, stacklevel: int = 2) -> None:
    """Warn with FooterWarning if the last of the last ``rows`` of a table looks like a total or a note.

    Its first cell says so, and no other's above; or it has one cell or a quarter of them, where all others have more
    than twice as many.

    >>> import pytest
    >>> with pytest.warns(FooterWarning, match="its last record .'Total', '3'. looks like a total or a note"):
    ...     warn_of_footer([["a", "1", "x"], ["b", "2", "y"], ["Total", "3", ""]], "own.csv")
    """
    cells = [[text for text in map(_cell, row) if not is_missing(text)] for row in rows]
    *others, last = cells or [[]]
    if not others or not last:
        return
    begin = [row[0].casefold().strip(" :.") if row else "" for row in cells]
    few = len(last) <= max(1, len(rows[-1]) // 4) and min(map(len, others)) > 2 * len(last)
    if few or (begin[-1] in _TOTALS and begin[-1] not in begin[:-1]):
        shown = ", ".join(repr(text[:20]) for text in last[:3])
        warnings.warn(
            f"{source}: its last record ({shown}) looks like a total or a note, and is taken for a record; remove it"
            " from the table, and read it again, unless it is one",
            FooterWarning,
            stacklevel=stacklevel + 1,
        )


def _cell(value: Any) -> str:
    return "" if is_absent(value) else str(value).strip()


def _numbers(table: RawTable, column: str, place: int, numbers: NumberProfile) -> str | None:
    if numbers.missing[place]:
        return "no value in any record" if numbers.missing[place] == table.n_records else None
    if numbers.low[place] == numbers.high[place]:
        return ONE_VALUE
    if not numbers.whole[place]:
        return None
    if column.startswith("column_") and table.n_records >= _FEWEST and numbers.counts[place]:
        return "row numbers"
    unnamed, identifier = UNNAMED.fullmatch(column), _IDENTIFIER.fullmatch(column)
    # Those of rows, in any order and with gaps where rows were left out.
    most = max(2 * table.n_records, table.n_records + _FEWEST)
    index = column.lower() in _INDEX and numbers.low[place] >= 0 and numbers.high[place] <= most
    if not (unnamed or identifier or index) or np.unique(table.numbers.column(place)).size < table.n_records:
        return None
    return "identifiers" if identifier else "row numbers"


def _texts(texts: Texts, column: str) -> str | None:
    levels = len(texts.levels)
    if not levels:
        return "no value in any record"
    complete = bool((texts.codes >= 0).all())
    if levels == 1 and complete:
        return ONE_VALUE
    filled = int((texts.codes >= 0).sum())
    named = bool(_IDENTIFIER.fullmatch(column)) or bool(UNNAMED.fullmatch(column))
    if levels == filled and named:
        return "identifiers"
    if filled >= _FEWEST and levels >= 0.95 * filled and _words(texts) < 1.5 and not looks_dated(texts.levels):
        return WORDS
    return None


def _dates(values: NDArray[np.datetime64]) -> str | None:
    present = values[~np.isnat(values)]
    if not present.size:
        return "no value in any record"
    return ONE_VALUE if present.size == values.size and (present == present[0]).all() else None


def _words(texts: Texts) -> float:
    sample = texts.levels[:1000]
    return sum(len(level.split()) for level in sample) / len(sample)
