"""Recognise dates in a column of text, and whether those that begin with day or month begin with the day."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from alrl.data.tables.table import RawTable
from alrl.errors import AmbiguousDateWarning

_DATE = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{4}-\d{2}|(\d{1,2}[-. ])?[A-Za-z]{3,9}\.?[-, ]+(\d{1,2},? )?\d{2,4})"
    r"([T ,]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?)?(Z| ?[+-]\d{2}:?\d{2})?"
)
"""Texts that look like a date, or a date and a time."""
_SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)(.*)")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?")
"""Dates with their year first, which say by themselves what they are."""
_HALF_DAY = re.compile(r"(.*\d[T ,]+)(\d{1,2})(:\d{2}(?::\d{2}(?:\.\d+)?)?) ?([AaPp])[Mm](.*)")
_MONTHS = 12
_CENTURY = 69
"""Years of two digits from which they are of the last century, as in POSIX."""


@dataclass(frozen=True, kw_only=True)
class DateOrder:
    """Order of day and month in the dates of a column."""

    day_first: bool
    known: bool
    """Whether a value tells, or points between the parts do: they are written where the day comes first."""

    def __str__(self) -> str:
        return ("day" if self.day_first else "month") + " first" + ("" if self.known else ", though no value tells")

    def iso(self, text: str) -> str:
        """Return a date with its year first, what follows the date as it is; text that is no such date as it is.

        >>> DateOrder(day_first=True, known=True).iso("3/4/26 10:30")
        '2026-04-03 10:30'
        """
        parts = _SHORT.fullmatch(text)
        if parts is None:
            return text
        day, month = (parts[1], parts[3]) if self.day_first else (parts[3], parts[1])
        year = int(parts[4])
        year += 0 if len(parts[4]) == 4 else 2000 if year < _CENTURY else 1900
        return f"{year:04d}-{int(month):02d}-{int(day):02d}{parts[5]}"


def looks_dated(levels: Sequence[str]) -> bool:
    """Return whether a column of text may hold dates: digits with marks between them, or a month's name."""
    sample = levels[:100]
    return sum(bool(_DATE.fullmatch(level)) for level in sample) > 0.9 * len(sample)


def date_order(levels: Iterable[str]) -> DateOrder | None:
    """Return the order of day and month where every text begins with the two, None elsewhere.

    Dates with their year first, as 2026-04-03, may stand among them. A number above 12 is a day. Where there is none,
    day.month.year has the day first, and all else the month.

    >>> str(date_order(["03/04/2026", "25/12/2026"])), str(date_order(["03/04/2026"]))
    ('day first', 'month first, though no value tells')
    >>> str(date_order(["25/12/2026", "2026-04-03"])), date_order(["25/12/2026", "soon"])
    ('day first', None)
    >>> str(date_order(["03.04.2026"])), date_order(["2026-04-03"]), date_order(["25/12/2026", "12/25/2026"])
    ('day first', None, None)
    """
    dates = [_SHORT.fullmatch(level) for level in levels if not _ISO.fullmatch(level)]
    found = [date for date in dates if date is not None]
    if not found or len(found) < len(dates):
        return None
    day_may_be_first, month_may_be_first = (all(int(date[at]) <= _MONTHS for date in found) for at in (3, 1))
    if day_may_be_first and month_may_be_first:
        points = all(date[2] == "." for date in found)
        return DateOrder(day_first=points, known=points)
    return DateOrder(day_first=day_may_be_first, known=True) if day_may_be_first or month_may_be_first else None


def plain_dates(levels: Sequence[str]) -> Callable[[str], str] | None:
    """Return how the dates of a column become such as all tools read alike, None where they are.

    They get their year first, in the order that all of them tell, and hours of the day in place of AM and PM. Those
    that had their year first among others, or a time among dates without one, are written as the others then are.

    >>> plain_dates(["3/25/2026 1:30 PM", "3/4/2026 12:05 AM"])("3/25/2026 1:30 PM")
    '2026-03-25 13:30'
    >>> list(map(plain_dates(["25/12/2026", "2026-04-03T10:30"]), ["25/12/2026", "2026-04-03T10:30"]))
    ['2026-12-25 00:00:00', '2026-04-03 10:30:00']
    """
    order = date_order(levels)
    halves = looks_dated(levels) and any(map(_HALF_DAY.fullmatch, levels))
    if order is None and not halves and not looks_dated(levels):
        return None
    others = {} if order is not None or halves else _iso_of_others(levels)
    if order is None and not halves and not others:
        return _alike(levels)

    def plain(text: str) -> str:
        return others.get(text) or _with_hours(text if order is None else order.iso(text))

    alike = _alike(list(map(plain, levels))) if any(map(_ISO.fullmatch, levels)) else None
    return plain if alike is None else lambda text: alike(plain(text))


def _iso_of_others(levels: Sequence[str]) -> dict[str, str]:
    """Return dates of one other pattern, such as 3 April 2026, by their texts, where the rest has its year first."""
    others = [level for level in levels if not _ISO.fullmatch(level)]
    if not 0 < len(others) < len(levels) or any(map(_SHORT.fullmatch, others)):
        return {}
    import pandas as pd
    from pandas.tseries.api import guess_datetime_format

    written = guess_datetime_format(others[0])
    dates = pd.to_datetime(pd.Series(others), format=written, errors="coerce") if written else None
    if dates is None or dates.dtype.kind != "M" or "%z" in str(written).lower() or dates.isna().any():
        return {}
    timed = bool((dates != dates.dt.normalize()).any())
    return dict(zip(others, dates.dt.strftime("%Y-%m-%d %H:%M:%S" if timed else "%Y-%m-%d"), strict=True))


def _alike(levels: Sequence[str]) -> Callable[[str], str] | None:
    """Return how dates with their year first are written alike; None where they are, and where others are there."""
    dates = [_ISO.fullmatch(level) for level in levels]
    found = [date for date in dates if date is not None]
    if not found or len(found) < len(dates) or len({_form(level) for level in levels}) == 1:
        return None
    parted = any(date[5] for date in found)

    def alike(text: str) -> str:
        date = _ISO.fullmatch(text)
        if date is None:
            return text
        part = (date[5] or ".0").ljust(7, "0") if parted else ""
        return f"{date[1]} {int(date[2] or 0):02d}:{date[3] or '00'}:{date[4] or '00'}{part}"

    return alike


def _form(text: str) -> str:
    return re.sub(r"\.\d+", ".", re.sub(r"\d", "0", text))


def _with_hours(text: str) -> str:
    parts = _HALF_DAY.fullmatch(text)
    if parts is None:
        return text
    hour = int(parts[2]) % 12 + (12 if parts[4] in "Pp" else 0)
    return f"{parts[1]}{hour:02d}{parts[3]}{parts[5]}"


def warn_of_dates(table: RawTable, columns: Iterable[str], *, stacklevel: int = 2) -> None:
    """Warn with AmbiguousDateWarning of columns whose dates tell nowhere whether the day or the month comes first."""
    for name in columns:
        levels = table.texts[name].levels if name in table.texts else ()
        order = date_order(levels) if looks_dated(levels) else None
        if order is not None and not order.known:
            warnings.warn(
                f"{table.name}: nothing tells whether day or month comes first in the dates of column {name!r}:"
                f" {levels[0]!r} is taken for {order.iso(levels[0])}, month first; if that is wrong, write dates with"
                " their year first, as 2026-12-31",
                AmbiguousDateWarning,
                stacklevel=stacklevel + 1,
            )
