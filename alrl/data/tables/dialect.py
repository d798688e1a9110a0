"""Recognise how a text table is written: its delimiter, whether its first line is a header, its columns' names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alrl.data.tables.label import LABEL_NAMES
from alrl.data.tables.numbers import guess_format, is_missing
from alrl.errors import InvalidDataError

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 200
_SAMPLE_CHARACTERS = 1 << 20
_MOST_ABOVE = 10
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """Dialect of a text table: encoding, delimiter, header and marks of numbers."""

    delimiter: str
    header: tuple[str, ...]
    """Names of the columns, each once."""
    skip: int
    """Rows before the first record: the header, and what a spreadsheet wrote above it."""
    notes: tuple[str, ...] = ()

    def rows(self, lines: Iterable[str], source: str) -> Iterator[list[str]]:
        """Yield the records of the table called ``source``; blank lines are no records.

        Raises InvalidDataError, naming the line, for a record of another width than the header; csv.Error where a quote
        is opened that nothing closes: the rest of the file would be one cell.
        """
        own: list[str] = []

        def noted() -> Iterator[str]:
            for line in lines:
                own.append(line)
                yield line

        reader, place, width = csv.reader(noted(), delimiter=self.delimiter), 0, len(self.header)
        for row in reader:
            if len(own) > 1:
                self._check_closed(own, reader.line_num)
            own.clear()
            if any(row):
                place += 1
                if place > self.skip:
                    if len(row) != width:
                        raise InvalidDataError(
                            f"{source}, line {reader.line_num}: {len(row)} values where there are {width} columns; mend"
                            " it, or put quotes around text that holds the delimiter"
                        )
                    yield row

    def _check_closed(self, lines: list[str], end: int) -> None:
        try:
            list(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise csv.Error(
                    f"line {end - len(lines) + 1} opens a quote that nothing closes:"
                    f" {len(lines)} lines would be one record"
                ) from None


def find_dialect(
    lines: Iterable[str], file: Path, *, has_header: bool | None = None, names: Collection[str] = ()
) -> tuple[Dialect, list[list[str]]]:
    r"""Return how the table is written, and the first of its records.

    Args:
        lines: those of the file; some hundred are taken.
        file: for errors and for what its suffix tells.
        has_header: whether the first line names the columns, None to find out.
        names: columns that the table is known to have: a line above the one with them is no header.

    Raises InvalidDataError for a file without records, one of a single column, and lines of unequal length.

    >>> dialect, sample = find_dialect(["a;b;class\n", "1,5;2;x\n", "2,5;3;y\n"], Path("own.csv"))
    >>> dialect.delimiter, dialect.header, sample[0]
    (';', ('a', 'b', 'class'), ['1,5', '2', 'x'])
    """
    sample, declared, whole = _sample(lines)
    if not any(line.strip() for line in sample):
        raise InvalidDataError(f"{file.name} has no records: it is empty; expected a header line and one line a record")
    delimiter = declared or _delimiter(sample, file)
    rows = [[cell.strip() for cell in row] for row in csv.reader(sample, delimiter=delimiter) if any(row)]
    # A record in quotes may go on where the sample ends.
    rows = rows if whole or len(rows) < 3 else rows[:-1]
    above = _above(rows)
    above += 0 if has_header is False else _titles(rows[above:], names)
    rows = rows[above:]
    notes = [] if delimiter == "," or file.suffix == ".tsv" else [f"columns are separated by a {_NAMES[delimiter]}"]
    named = _has_header(rows) if has_header is None else has_header
    if has_header is None and not named:
        notes.append("the first line is a record, so columns are called column_1, column_2, ... (--no-header)")
    if above:
        notes.append(f"the first {above} lines, above the table, are left out")
    header, renamed = _header(rows, named)
    notes += renamed
    skip = above + (1 if declared else 0) + (1 if named else 0)
    records = rows[1:] if named else rows
    if not records:
        raise InvalidDataError(f"{file.name} has no records: only a header; expected one line a record below it")
    return Dialect(delimiter=delimiter, header=header, skip=skip, notes=tuple(notes)), records


def _sample(lines: Iterable[str]) -> tuple[list[str], str | None, bool]:
    """Return the first lines, the delimiter that Excel's ``sep=;`` declares, and whether there are no other lines."""
    taken: list[str] = []
    size = 0
    declared = None
    for line in lines:
        if not taken and line.lower().startswith("sep=") and len(line.strip()) == 5:
            declared = line[4]
            continue
        taken.append(line)
        size += len(line)
        if len(taken) >= SAMPLE_LINES or (size > _SAMPLE_CHARACTERS and len(taken) > 3):
            return taken, declared, False
    return taken, declared, True


def _delimiter(sample: Sequence[str], file: Path) -> str:
    scores = {mark: _score(sample, mark) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: scores[mark])
    if scores[best][0] == 0:
        first = next(line for line in sample if line.strip()).strip()
        raise InvalidDataError(
            f"{file.name} has one column ({first[:40]!r}); expected features and a class, separated by comma,"
            " semicolon, tab or vertical bar"
        )
    return best


def _score(sample: Sequence[str], delimiter: str) -> tuple[float, float, float]:
    """Return how well a delimiter explains the lines: shares of one width, of numbers, of cells without another."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if any(row)]
    except csv.Error:
        return 0.0, 0.0, 0.0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if width < 2:
        return 0.0, 0.0, 0.0
    cells = [cell for row in rows[:20] for cell in row[:50]]
    others = [mark for mark in DELIMITERS if mark != delimiter]
    alone = sum(not any(mark in cell for mark in others) for cell in cells) / len(cells)
    numeric = sum(guess_format([cell], comma_separates=delimiter == ",") is not None for cell in cells) / len(cells)
    return round(count / len(rows), 2), round(numeric, 2), alone


def _above(rows: Sequence[Sequence[str]]) -> int:
    """Return how many lines stand above the table: those narrower than all that follow them."""
    width = max(map(len, rows))
    narrow = next(place for place, row in enumerate(rows) if len(row) == width)
    # R writes a header that is one name short.
    of_r = narrow == 1 and len(rows[0]) == width - 1 > 1
    if not narrow or of_r or any(len(row) != width for row in rows[narrow:]):
        return 0
    # A table whose lines are cut short is no text above a table.
    return narrow if narrow <= _MOST_ABOVE and len(rows) - narrow > 1 else 0


def _titles(rows: Sequence[Sequence[str]], names: Collection[str]) -> int:
    """Return how many lines at the top are titles though they have as many cells as the table, or more.

    A spreadsheet fills a title's line with empty cells, and a title may hold commas of its own.
    """
    count = 0
    while len(rows) - count > 2 and count < _MOST_ABOVE and _is_title(rows[count], rows[count + 1 :], names):
        count += 1
    return count


def _is_title(first: Sequence[str], table: Sequence[Sequence[str]], names: Collection[str]) -> bool:
    header, records = table[0], table[1:]
    if len(first) < len(header) or any(len(row) != len(header) for row in records):
        return False
    if any(name in header for name in names) and not any(name in first for name in names):
        return True
    # The second line has to be a header beyond doubt: words above numbers, each once.
    if len(set(header)) < len(header) or any(map(is_missing, header)):
        return False
    votes = Counter(_vote(cell, [row[at] for row in records]) for at, cell in enumerate(header))
    if not votes["name"] or votes["number"] or votes["repeated"]:
        return False
    odd = [cell for cell in first if is_missing(cell) or guess_format([cell], comma_separates=False) is not None]
    return len(first) > len(header) or bool(odd)


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row names the columns: by how unlike the others it is."""
    if len(rows) < 2:
        return True
    first, rest = rows[0], rows[1:]
    if any(cell.lower() in LABEL_NAMES for cell in first) and not any(_repeats(rows, at) for at in range(len(first))):
        return True
    votes = Counter(_vote(cell, [row[at] for row in rest if at < len(row)]) for at, cell in enumerate(first))
    if votes["name"] and not votes["number"]:
        return True
    # Names that are numbers, such as wavelengths, stand above numbers too; the class tells.
    likely = votes["new level"] or votes["name"] > votes["number"] or not votes["number"]
    return bool(likely) and not votes["repeated"]


def _repeats(rows: Sequence[Sequence[str]], at: int) -> bool:
    return rows[0][at].lower() in LABEL_NAMES and any(row[at] == rows[0][at] for row in rows[1:] if at < len(row))


def _vote(cell: str, below: Sequence[str]) -> str:
    """Return what a cell of the first row is beside those below it."""
    values = [value for value in below if not is_missing(value)]
    if not values or is_missing(cell):
        return ""
    if guess_format(values, comma_separates=False) is not None:
        return "name" if guess_format([cell], comma_separates=False) is None else "number"
    if cell in values:
        return "repeated"
    # A column of few levels would show them in any row: a text that comes once, at the top, is its name.
    return "new level" if len(set(values)) <= max(2, len(values) / 3) else ""


def _header(rows: Sequence[Sequence[str]], named: bool) -> tuple[tuple[str, ...], list[str]]:
    width = len(rows[0])
    notes: list[str] = []
    if not named:
        return tuple(f"column_{place + 1}" for place in range(width)), notes
    names = list(rows[0])
    if len(rows) > 1 and {len(row) for row in rows[1:]} == {width + 1}:
        # R leaves the names of the rows without a name of their own; other tools end each record with a delimiter.
        of_r = any(row[-1] for row in rows[1:])
        names = ["", *names] if of_r else [*names, ""]
        if of_r:
            notes.append("lines have a cell more than the header, so the first cell of each is taken as the row's name")
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        notes.append(
            f"several columns are called {_shown(twice)}: those after the first have a number added, as in a.1"
        )
    return unique_names(names), notes


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return each name once: the second ``a`` becomes ``a.1``, a column without a name ``unnamed_1`` by its place.

    >>> unique_names(["", "a", "a", "b"])
    ('unnamed_1', 'a', 'a.1', 'b')
    """
    taken, first = set(names), set()
    numbers: dict[str, int] = {}
    unique = []
    for place, given in enumerate(names):
        if given and given not in first:
            first.add(given)
            unique.append(given)
            continue
        base = given or f"unnamed_{place + 1}"
        name = f"{base}.1" if given else base
        while name in taken:
            numbers[base] = numbers.get(base, 0) + 1
            name = f"{base}.{numbers[base]}"
        taken.add(name)
        unique.append(name)
    return tuple(unique)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
