"""Answers that people give: a class, "don't know", or "not relevant"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from unicodedata import normalize

from alrl.errors import InvalidDataError
from alrl.numerics.arguments import is_absent

IRRELEVANT_WORD = "#irrelevant"
"""What files hold for :data:`IRRELEVANT`."""
IMPORTED = "table"
"""The annotator of labels that the table held from the beginning."""
_LONGEST = 86_400.0
"""Seconds above which nobody has looked at one record all the time."""
HELD_OUT = "held out"
"""The annotator who answers "don't know" to the records that a rehearsal measures on."""
UNKNOWN_WORD = "#unknown"
"""What files hold for "don't know"; an empty cell is a record that was not looked at."""


class _Irrelevant(Enum):
    """The type of :data:`IRRELEVANT`."""

    IRRELEVANT = IRRELEVANT_WORD

    def __repr__(self) -> str:
        return "alrl.IRRELEVANT"


IRRELEVANT: Final = _Irrelevant.IRRELEVANT
"""The answer "this record does not belong here": it is neither asked for again nor learned from."""

Label = str | _Irrelevant
"""A class, or :data:`IRRELEVANT`."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One annotator's answer to one record; ``label`` is None for "don't know"."""

    id: str
    label: Label | None
    seconds: float | None = None
    """Time that the annotator took, where it was measured."""


def label_of(value: Any) -> Label | None:
    """Return the label that a value stands for: None and missing values for "don't know", else text.

    Whole floats lose their ``.0``, so that 1.0 of a column with holes is the class ``1``; text is in Unicode's form
    NFC, for some systems write one letter as two.

    Raises InvalidDataError for an empty text, and for what is neither text, number nor boolean.

    >>> label_of(1.0), label_of("yes"), label_of(float("nan")), label_of(IRRELEVANT)
    ('1', 'yes', None, alrl.IRRELEVANT)
    """
    if value is None or isinstance(value, _Irrelevant):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if is_absent(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int | float | bool):
        raise InvalidDataError(
            f'{value!r} given as a label; a label is text, a number, a boolean, None for "don\'t know" or'
            " alrl.IRRELEVANT"
        )
    text = normalize("NFC", str(value)).strip()
    if not text:
        raise InvalidDataError('an empty text given as a label; give a class, or None for "don\'t know"')
    return {IRRELEVANT_WORD: IRRELEVANT, UNKNOWN_WORD: None}.get(text, text)


def read_label(value: Any) -> Label | None:
    """Return the label that a value in a file stands for; of one that is none, its text, which is no class either.

    >>> read_label(1.0), read_label({"a": 1})
    ('1', "{'a': 1}")
    """
    try:
        return label_of(value)
    except InvalidDataError:
        return str(value)


def sensible_seconds(value: Any) -> float | None:
    """Return the time that an answer took, in seconds; None for what is no number from 0 to a day.

    >>> sensible_seconds(2), sensible_seconds(-1.0), sensible_seconds("2"), sensible_seconds(1e9)
    (2.0, None, None, None)
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value < _LONGEST else None


def word_of(label: Label | None) -> str:
    """Return what files hold for a label.

    >>> word_of(None), word_of(IRRELEVANT), word_of("yes")
    ('#unknown', '#irrelevant', 'yes')
    """
    if label is None:
        return UNKNOWN_WORD
    return IRRELEVANT_WORD if isinstance(label, _Irrelevant) else label
