"""Reads tables of delimited text, in one pass and bounded memory: columns of numbers, and columns of text as levels."""

from __future__ import annotations

import csv
import itertools
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables.dialect import Dialect, find_dialect
from alrl.data.tables.label import feature_level, label_level, label_or_last
from alrl.data.tables.numbers import (
    NumberFormat,
    column_format,
    column_formats,
    find_code,
    parse_numbers,
    unusual_formats,
)
from alrl.data.tables.recognise import LAST, warn_of_footer
from alrl.data.tables.table import WORDS, NumberBlocks, RawTable, Texts, with_levels
from alrl.data.tables.text_file import TextFile, fallback, open_text, stem
from alrl.errors import InvalidDataError

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
"""Suffixes of text tables; each may be followed by one of a compression."""
_CELLS = 1 << 17
"""Cells that are parsed at a time."""
_MOST_PASSES = 4
_MANY = 50_000
"""Levels from which a column of words that hardly repeat is taken for identifiers and no longer kept."""
_Format = NumberFormat | None
"""How numbers are written; None for text."""


def read_delimited(
    path: Path,
    *,
    header: bool | None = None,
    label: str | int | None = None,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> RawTable:
    """Return the table in a file of delimited text, plain or compressed.

    Args:
        path: the file.
        header: whether the first line names the columns, None to find out.
        label: the column of the classes, which is kept as the text it is; None for the one that may be it.
        skip: columns that are not wanted.
        only: the only columns that are wanted, beside the classes; None for all.

    Raises InvalidDataError for what is no table: no records, one column, lines of unequal length, damaged files.
    """
    file = open_text(path)
    while True:
        try:
            return _Reader(file=file, header=header, label=label, skip=skip, only=only).read()
        except UnicodeDecodeError:
            file = fallback(file)
        except csv.Error as error:
            raise InvalidDataError(f"{path.name} is no delimited text ({error}); save it as CSV") from None


@dataclass(kw_only=True)
class _Reader:
    file: TextFile
    header: bool | None
    label: str | int | None
    skip: Collection[str]
    only: Collection[str] | None

    def read(self) -> RawTable:
        with self.file.lines() as lines:
            given = [self.label] if isinstance(self.label, str) else []
            dialect, sample = find_dialect(lines, self.file.path, has_header=self.header, names=given)
        names = dialect.header
        label = label_or_last(names, self.label, self.file.path.name, drop=self.skip)
        wanted = [at for at, name in enumerate(names) if name == label or self._wanted(name)]
        seen = {at: _column(sample, at) for at in wanted if names[at] != label}
        formats = column_formats(seen, comma_separates=dialect.delimiter == ",")
        columns = {at: formats.get(at) for at in wanted}
        for attempt in range(_MOST_PASSES):
            passed = _Pass(file=self.file, dialect=dialect, formats=columns, label=label)
            passed.run()
            if not passed.surprises:
                warn_of_footer(list(passed.last), self.file.path.name)
                return self._table(dialect, columns, passed)
            for at, values in passed.surprises.items():
                again = column_format([*seen[at], *values], comma_separates=dialect.delimiter == ",")
                columns[at] = again if again != columns[at] and attempt < _MOST_PASSES - 2 else None
        raise AssertionError("text is no surprise")

    def _wanted(self, name: str) -> bool:
        return name not in self.skip and (self.only is None or name in self.only)

    def _table(self, dialect: Dialect, columns: dict[int, _Format], passed: _Pass) -> RawTable:
        names = dialect.header
        numeric = [at for at, written in columns.items() if written is not None]
        notes = [*dialect.notes, *unusual_formats({names[at]: written for at, written in columns.items()})]
        if self.file.encoding not in {"utf-8", "utf-8-sig"}:
            notes.append(f"the text is in {self.file.encoding}")
        return RawTable(
            name=stem(self.file.path),
            columns=names,
            n_records=passed.rows,
            numbers=passed.numbers,
            places={names[at]: (place, 1) for place, at in enumerate(numeric)},
            texts={names[at]: kept.texts() for at, kept in passed.texts.items() if not kept.given_up},
            left_out={names[at]: WORDS for at, kept in passed.texts.items() if kept.given_up},
            notes=notes,
        )


def _column(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at].strip() for row in rows if at < len(row)]


@dataclass
class _Levels:
    """A column of text while it grows."""

    name: str
    label: bool
    places: dict[str, int] = field(default_factory=dict)
    parts: list[NDArray[np.int32]] = field(default_factory=list)
    rows: int = 0
    given_up: bool = False

    def add(self, column: Sequence[str]) -> None:
        if self.given_up:
            return
        places = self.places
        codes = (places.setdefault(value, len(places)) for value in map(str.strip, column))
        self.parts.append(np.fromiter(codes, np.int32, len(column)))
        self.rows += len(column)
        if len(places) > _MANY and len(places) > 0.9 * self.rows:
            latest = list(itertools.islice(reversed(places), 1000))
            if self.label:
                raise InvalidDataError(
                    f"label column {self.name!r} holds more than {_MANY:,} different values: identifiers or numbers, no"
                    " classes; choose another column"
                )
            if sum(" " in value for value in latest) < len(latest) / 10:
                self.given_up = True
                self.parts, self.places = [], {}

    def texts(self) -> Texts:
        kept = Texts(codes=np.concatenate([np.empty(0, np.int32), *self.parts]), levels=list(self.places))
        return with_levels(kept, label_level if self.label else feature_level)


@dataclass(kw_only=True)
class _Pass:
    """One reading of the file, with columns of numbers as they are thought to be written."""

    file: TextFile
    dialect: Dialect
    formats: dict[int, _Format]
    label: str
    surprises: dict[int, list[str]] = field(default_factory=dict)
    """Values of columns that turned out to be written otherwise."""
    rows: int = 0
    last: deque[list[str]] = field(default_factory=lambda: deque(maxlen=LAST))
    """The last records."""

    def __post_init__(self) -> None:
        names = self.dialect.header
        self.numeric = [(at, written) for at, written in self.formats.items() if written is not None]
        self.numbers = NumberBlocks(len(self.numeric))
        self.texts = {
            at: _Levels(names[at], names[at] == self.label) for at, written in self.formats.items() if written is None
        }

    def run(self) -> None:
        with self.file.lines() as lines:
            for chunk in self._chunks(lines):
                self._take(list(zip(*chunk, strict=True)), len(chunk))
                self.last.extend(chunk[-LAST:])

    def _chunks(self, lines: Iterable[str]) -> Iterator[list[list[str]]]:
        width = len(self.dialect.header)
        rows = self.dialect.rows(lines, self.file.path.name)
        while taken := list(itertools.islice(rows, max(1, _CELLS // width))):
            yield taken

    def _take(self, columns: list[tuple[str, ...]], count: int) -> None:
        room = self.numbers.grow(count) if not self.surprises else None
        for place, (at, written) in enumerate(self.numeric):
            if at in self.surprises:
                continue
            values = parse_numbers(columns[at], written)
            if values is None:
                values = parse_numbers([text.strip() for text in columns[at]], written)
            if values is None or find_code(columns[at]) is not None:
                self.surprises[at] = list(dict.fromkeys(text.strip() for text in columns[at]))[:1000]
            elif room is not None:
                room[:, place] = values
        if self.surprises:
            # What was read so far is read once more: there is no use in keeping it.
            self.numbers = NumberBlocks(len(self.numeric))
            return
        for at, levels in self.texts.items():
            levels.add(columns[at])
        self.rows += count
