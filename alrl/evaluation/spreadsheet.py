"""Tables for spreadsheets: CSV in which no cell is run as a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, TextIO

from alrl.data.tables.numbers import is_plain

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


class SpreadsheetWriter:
    r"""Writes rows of CSV; an apostrophe before text that begins as a formula does keeps it text.

    >>> import io
    >>> text = io.StringIO()
    >>> SpreadsheetWriter(text).writerows([["=1+1", "-0.5", "margin"], [-0.5, "-x", None]])
    >>> text.getvalue()
    "'=1+1,-0.5,margin\n-0.5,'-x,\n"
    """

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, lineterminator="\n")

    def writerow(self, row: Iterable[Any]) -> None:
        """Write one row."""
        self._writer.writerow([_safe(cell) for cell in row])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        """Write rows."""
        for row in rows:
            self.writerow(row)


def _safe(cell: Any) -> Any:
    unsafe = isinstance(cell, str) and cell.startswith(_FORMULA) and not is_plain(cell)
    return f"'{cell}" if unsafe else cell
