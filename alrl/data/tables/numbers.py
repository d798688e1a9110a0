"""Reads numbers as spreadsheets write them: decimal marks, grouped thousands, percent signs, minus as in (5) and 5-."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alrl.data.arrays import is_inexact

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null", "<na>", "<null>", "#n/a"})
"""Texts, in lower case, that stand for a missing value of a feature."""
_MISSING_NUMBERS = MISSING | {"none", "nil", "missing", "-", "--", ".", "*", "n.a.", "#value!", "#div/0!", "#ref!"}
"""The same in a column whose other values are numbers."""
_MOST_STRAYS = 0.1
"""Share of words among numbers up to which a column holds numbers."""
_FEWEST_NUMBERS = 40
_SIGNS = "%€$£¥"
_SPACES = "\u00a0\u202f\u2009"
_PLAIN_MARKS = {**dict.fromkeys(map(ord, _SPACES), " "), ord("\u2019"): "'"}
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_ZERO_GROUP = re.compile(r"[+-]?0,")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d*)(,\d*)?([eE][+-]?\d+)?")
_POINT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
_ACCOUNTED = re.compile(rf"\(([\d.,' {_SIGNS}]*\d[\d.,' {_SIGNS}]*)\)|([\d.,' ]*[.,]\d+) ?-")
"""A negative number as accountants write it, (5), and as SAP does, 5.00-; grades such as 2- are words."""
_OTHER_GROUPS = re.compile(r"[+-]?\d{1,3}([ ']\d{3})+([.,]\d*)?")
_CODE = re.compile(r"\n[ \t]*(0\d+|[+-]?\d{16,300})[ \t]*(?=\n)")
_LEADING_ZERO = re.compile(r"\n[ \t]*0\d")
_LONG = 16
"""Digits from which an integer may be none that a float holds."""
_Column = TypeVar("_Column", int, str)


@dataclass(frozen=True, kw_only=True)
class NumberFormat:
    """Format of the numbers of a column.

    >>> NumberFormat(decimal=",", groups=".").parse("1.234,5"), NumberFormat(signs=True).parse("12 %")
    (1234.5, 12.0)
    """

    decimal: str = "."
    """The decimal mark: a point or a comma."""
    groups: str = ""
    """The mark between thousands, if there is one."""
    signs: bool = False
    """Whether percent or currency signs stand beside the number; they are taken away."""
    minus: bool = False
    """Whether a minus is written as in (5), 5.00- or with the sign of typographers."""
    strays: bool = False
    """Whether some values are not numbers; they count as missing."""

    @property
    def plain(self) -> bool:
        """Whether Python's own ``float`` reads these numbers."""
        return self.decimal == "." and not (self.groups or self.signs or self.minus or self.strays)

    @property
    def summary(self) -> str:
        """What is unusual, in words."""
        parts = ["decimal comma"] if self.decimal == "," else []
        parts += [f"thousands grouped by {self.groups!r}"] if self.groups else []
        parts += ["percent or currency signs taken away"] if self.signs else []
        parts += ["minus written as in (5), 5.00- or \u22125"] if self.minus else []
        return ", ".join([*parts, "some text among them, which counts as missing"] if self.strays else parts)

    def parse(self, text: str) -> float:
        """Return the number. Raises ValueError for text that is not a number."""
        if text.lower() in _MISSING_NUMBERS:
            return nan
        if self.signs or self.minus:
            text = _without_signs(text)
        if self.minus:
            text = _without_signs(_with_plain_minus(text))
        if self.groups:
            text = _with_plain_spaces(text).replace(self.groups, "")
        try:
            return float(text.replace(",", ".") if self.decimal == "," else text)
        except ValueError:
            if self.strays:
                return nan
            raise


PLAIN = NumberFormat()


def is_missing(text: str) -> bool:
    """Return whether a text stands for a missing value, whatever the column holds.

    >>> is_missing("NA"), is_missing("none")
    (True, False)
    """
    return text.lower() in MISSING


def parse_numbers(texts: Sequence[str], written: NumberFormat = PLAIN) -> NDArray[np.float64] | None:
    """Return the texts as numbers, NaN where missing, of shape (texts,); None if one of them is not a number.

    >>> parse_numbers(["1", "?", "2.5"]).tolist(), parse_numbers(["1", "red"]), parse_numbers(["1_000"])
    ([1.0, nan, 2.5], None, None)
    """
    # Python's float takes underscores between digits, which are no part of a number here.
    if "_" in "".join(texts):
        if not written.strays:
            return None
        texts = [text.replace("_", "x") for text in texts]
    # Quick ways first: a gigabyte holds a hundred million numbers.
    ways: tuple[Callable[[str], float], ...] = (float, _float_or_empty) if written.plain else ()
    for read in (*ways, written.parse):
        try:
            return np.fromiter(map(read, texts), np.float64, len(texts))
        except ValueError:
            continue
    return None


def guess_format(texts: Iterable[str], *, comma_separates: bool = True) -> NumberFormat | None:
    """Return how numbers are written, None for texts that hold something else or nothing but missing values.

    Args:
        texts: what may be numbers.
        comma_separates: whether commas separate the file's columns. Where they do not, ``1,234`` has a decimal comma;
            where they do, the quoted ``"1,234"`` is one thousand.

    >>> guess_format(["0,185", "2,687"], comma_separates=False).decimal
    ','
    >>> guess_format(["1,234", "999"]).groups, guess_format(["red"])
    (',', None)
    >>> guess_format(["(5.50)", "7.25"]).parse("(5.50)")
    -5.5
    """
    values = _present(texts)
    if not values:
        return None
    if parse_numbers(values) is not None:
        return PLAIN
    bare = [_without_signs(text) for text in values]
    negative = [_without_signs(_with_plain_minus(text)) for text in bare]
    if all(map(_ACCOUNTED.fullmatch, bare)):
        # Nothing but (1), (2), ... numbers items.
        return None
    marks = _marks([_with_plain_spaces(text) for text in negative], comma_separates)
    if marks is None:
        return None
    return NumberFormat(decimal=marks[0], groups=marks[1], signs=bare != values, minus=negative != bare)


def column_format(texts: Sequence[str], *, comma_separates: bool = True) -> NumberFormat | None:
    """Return how the numbers of a column of features are written, None for a column of words.

    Beside :func:`guess_format`: digits that are a name make words of a column (:func:`find_code`), and more than 40
    different plain numbers with a few words among them are numbers.

    >>> column_format(["4711", "815"]).plain, column_format(["4711", "0815"])
    (True, None)
    """
    if find_code(texts) is not None:
        return None
    guessed = guess_format(texts, comma_separates=comma_separates)
    if guessed is not None:
        return guessed
    values = _present(texts)
    plain = [text for text in values if is_plain(text)]
    few = len(plain) >= (1 - _MOST_STRAYS) * len(values) and len(set(plain)) > _FEWEST_NUMBERS
    return NumberFormat(strays=True) if few else None


def column_formats(
    columns: Mapping[_Column, Sequence[str]], *, comma_separates: bool
) -> dict[_Column, NumberFormat | None]:
    """Return how the numbers of each column of one file are written, None for words; what is empty may be numbers.

    >>> column_formats({"a": ["1,5"], "b": ["1.234"]}, comma_separates=False)["b"].groups
    '.'
    """
    formats: dict[_Column, NumberFormat | None] = {}
    for name, values in columns.items():
        guessed = column_format(values, comma_separates=comma_separates)
        formats[name] = PLAIN if guessed is None and all(map(is_missing, values)) else guessed
    if any(written is not None and written.decimal == "," for written in formats.values()):
        for name, written in formats.items():
            if written == PLAIN and groups_by_point(columns[name]):
                formats[name] = NumberFormat(decimal=",", groups=".")
    return formats


def unusual_formats(formats: Mapping[str, NumberFormat | None]) -> list[str]:
    """Return a note on each way to write numbers that Python does not.

    >>> unusual_formats({"a": NumberFormat(decimal=","), "b": PLAIN, "c": None})
    ['numbers with decimal comma: a']
    """
    unusual: dict[str, list[str]] = {}
    for name, written in formats.items():
        if written is not None and not written.plain:
            unusual.setdefault(written.summary, []).append(name)
    return [f"numbers with {kind}: {', '.join(each[:5])}{', ...' * (len(each) > 5)}" for kind, each in unusual.items()]


def find_code(texts: Sequence[str]) -> str | None:
    """Return the first of the texts whose digits are a name and no amount, None where there is none.

    Such are integers with a leading zero, as postal codes have, and integers that no float holds.

    >>> find_code(["4711", " 0815"]), find_code(["0", "0.5", "-7"]), find_code(["9007199254740993"])
    ('0815', None, '9007199254740993')
    """
    lines = "\n".join(("", *texts, ""))
    # Quickly first, as in parse_numbers.
    if max(map(len, texts), default=0) < _LONG and _LEADING_ZERO.search(lines) is None:
        return None
    digits = _CODE.finditer(lines)
    return next((each[1] for each in digits if each[1][0] == "0" or is_inexact(int(each[1]))), None)


def deciding_code(texts: Sequence[str]) -> str | None:
    """Return the text that makes words of a column which would hold numbers without it, None where there is none.

    >>> deciding_code(["4711", "0815"]), deciding_code(["red", "0815"])
    ('0815', None)
    """
    code = find_code(texts)
    return code if code is not None and guess_format(texts) is not None else None


def is_plain(text: str) -> bool:
    """Return whether a text is a number as a computer writes it.

    >>> is_plain("-1e3"), is_plain("1,5"), is_plain("nan")
    (True, False, False)
    """
    return _PLAIN.fullmatch(text) is not None


def groups_by_point(texts: Iterable[str]) -> bool:
    """Return whether the points in a column can only be meant to group thousands, in a file with decimal commas.

    >>> groups_by_point(["1.234", "999"]), groups_by_point(["1.5"])
    (True, False)
    """
    pointed = [text for text in texts if "." in text]
    return bool(pointed) and all(_POINT_GROUPS.fullmatch(text) for text in pointed)


def _present(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text.lower() not in _MISSING_NUMBERS]


def _float_or_empty(text: str) -> float:
    return float(text) if text else nan


def _marks(values: list[str], comma_separates: bool) -> tuple[str, str] | None:
    """Return decimal mark and mark between thousands."""
    if all(_PLAIN.fullmatch(text) for text in values):
        return ".", ""
    if all(_PLAIN.fullmatch(text) or _OTHER_GROUPS.fullmatch(text) for text in values):
        decimal = "," if any("," in text for text in values) else "."
        return decimal, " " if any(" " in text for text in values) else "'"
    by_comma = all(_PLAIN.fullmatch(text) or _COMMA_GROUPS.fullmatch(text) for text in values)
    decimal_comma = all(text and _DECIMAL_COMMA.fullmatch(text) for text in values)
    if by_comma and decimal_comma:
        by_comma = comma_separates and not any(_ZERO_GROUP.match(text) for text in values)
    if by_comma:
        return ".", ","
    if not decimal_comma:
        return None
    return ",", "." if any("." in text for text in values) else ""


def _without_signs(text: str) -> str:
    stripped = text.strip(_SIGNS + " " + _SPACES)
    # Minus before a currency sign: -$5.
    return "-" + stripped[1:].lstrip(_SIGNS + " ") if stripped[:1] == "-" else stripped


def _with_plain_minus(text: str) -> str:
    """Return a number with its minus in front, as a computer writes it; other text as it is."""
    text = text.replace("\u2212", "-")
    negative = _ACCOUNTED.fullmatch(_with_plain_spaces(text))
    return text if negative is None else "-" + (negative[1] or negative[2]).strip()


def _with_plain_spaces(text: str) -> str:
    """Return the text with plain spaces, and the apostrophe of a Swiss spreadsheet as a plain one."""
    return text.translate(_PLAIN_MARKS)
