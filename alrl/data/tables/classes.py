"""The classes that a column of labels holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables.numbers import MISSING, is_plain, parse_numbers
from alrl.data.tables.table import Texts
from alrl.errors import OUT_OF_SCOPE, InvalidDataError

_FEW = 20
"""Different numbers up to which numbers that are not whole may be classes."""
_FEWEST = 10
"""Labelled records from which values that never repeat are no classes; three times as many, if they hardly do."""


@dataclass(frozen=True, kw_only=True)
class Classes:
    """The classes of a table's records."""

    codes: NDArray[np.int64]
    """Of each record its class, -1 where it has no label, (records,)."""
    names: tuple[str, ...]
    """In the order of the codes."""
    notes: tuple[str, ...]


def read_classes(texts: Texts, column: str) -> Classes:
    """Return the classes of a column of text, each the text it is, in order; numerically if every one is an integer.

    Raises InvalidDataError for numbers that are no classes, for as many values as records, and for no labels at all.

    >>> from alrl.data.tables.table import as_texts
    >>> read_classes(as_texts(["001", "01", "10", None]), "code").names
    ('001', '01', '10')
    >>> read_classes(as_texts(["10", "9", "9"]), "grade").names
    ('9', '10')
    """
    levels, codes, notes = list(texts.levels), texts.codes, []
    absent = [level for level in levels if level.lower() in MISSING]
    if absent and len(levels) > len(absent) and all(_canonical(each) for each in levels if each not in absent):
        notes.append(f"{', '.join(map(repr, absent))} in the label column {column!r}: records without a label")
        kept = [level for level in levels if level not in absent]
        codes = np.array([kept.index(each) if each in kept else -1 for each in levels] + [-1])[codes]
        levels = kept
    elif absent:
        notes.append(f"{', '.join(map(repr, absent))} is a class of {column!r}; leave the cells empty if it is none")
    labelled = int((codes >= 0).sum())
    if not labelled:
        raise InvalidDataError(f"label column {column!r} is empty; label some records, or choose another column")
    _refuse_numbers(levels, labelled, column)
    if (len(levels) == labelled >= _FEWEST) or (2 * len(levels) > labelled >= 3 * _FEWEST):
        raise InvalidDataError(
            f"label column {column!r} holds {len(levels)} different values in {labelled} records: identifiers or a"
            f" regression target, no classes ({OUT_OF_SCOPE}); choose another column"
        )
    names = sorted(levels, key=int) if all(map(_canonical, levels)) else sorted(levels)
    place = {name: code for code, name in enumerate(names)}
    order = np.array([place[level] for level in levels] + [-1], np.int64)
    return Classes(codes=order[codes], names=tuple(names), notes=(*notes, *_odd(names, column)))


def _refuse_numbers(levels: Sequence[str], labelled: int, column: str) -> None:
    values = parse_numbers(levels)
    if values is None or not np.isfinite(values).all() or (values == np.round(values)).all():
        return
    if len(levels) > _FEW or 2 * len(levels) > labelled:
        raise InvalidDataError(
            f"label column {column!r} holds {len(levels)} different numbers that are not whole, as a regression target"
            f" does; {OUT_OF_SCOPE}: bin the target, or choose another label column"
        )


def _canonical(text: str) -> bool:
    """Return whether this is an integer as a computer writes it: no zeros before it, no plus, no exponent."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (digits[0] != "0" or text == "0")


def _odd(names: Sequence[str], column: str) -> list[str]:
    """Return notes on classes that look like several labels, and on those that differ in writing alone."""
    groups: dict[str | Decimal, list[str]] = {}
    for name in names:
        # Exactly: long integers that differ in their last digit are no floats that are alike.
        groups.setdefault(Decimal(name) if is_plain(name) else name.casefold(), []).append(name)
    notes = []
    joined = [name for name in names if len(parts := re.split(r"[,;|]\s*", name)) > 1 and {*parts} & {*names}]
    if joined:
        notes.append(f"{joined[0]!r} is one class of {column!r}; if it is several labels, note that {OUT_OF_SCOPE}")
    alike = [" and ".join(map(repr, group)) for group in groups.values() if len(group) > 1]
    if alike:
        notes.append(f"classes of {column!r} that differ in writing alone are kept apart: {'; '.join(alike[:5])}")
    return notes
