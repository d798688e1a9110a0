"""Columns of Python objects, whatever they hold: numbers, text, dates, arrays of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.arrays import is_inexact
from alrl.data.tables.label import feature_level, label_level
from alrl.data.tables.numbers import column_format, parse_numbers
from alrl.data.tables.table import Texts, Values, as_texts, with_levels
from alrl.errors import OUT_OF_SCOPE, InvalidDataError
from alrl.numerics.arguments import is_absent


def read_objects(values: Sequence[Any], column: str) -> Values:
    """Return a column of features: numbers, (records,) or (records, width), dates, or text with its levels.

    Integers that no float holds are text: as numbers some would be one.

    Args:
        values: any objects, None where missing.
        column: its name, for errors.

    Raises InvalidDataError for objects of other kinds and for arrays of unequal length.

    >>> read_objects([1, None, "2.5"], "a").tolist(), read_objects([[1, 2], [3, 4]], "b").shape
    ([1.0, nan, 2.5], (2, 2))
    """
    given = [value for value in values if value is not None]
    real = all(isinstance(value, Real | Decimal | np.bool_) for value in given)
    if real and not any(map(_is_inexact, given)):
        return np.array([np.nan if value is None else float(value) for value in values], np.float64)
    if all(isinstance(value, date | datetime | np.datetime64) for value in given):
        return _dates(values)
    if all(isinstance(value, list | tuple | np.ndarray) for value in given):
        return _arrays(values, column)
    strange = next((value for value in given if not isinstance(value, str | Real | Decimal | date)), None)
    if strange is not None:
        raise InvalidDataError(
            f"column {column!r} holds {type(strange).__name__} objects; give numbers, text, dates or arrays of numbers"
            " of one length, or leave it out with drop"
        )
    return read_texts(as_texts(None if value is None else str(value) for value in values))


def read_texts(texts: Texts) -> Values:
    """Return a column of text as numbers where all of it is numbers, else with its levels cleaned.

    >>> read_texts(as_texts(["1,5", "NA", "2,25"])).tolist()
    [1.5, nan, 2.25]
    """
    written = column_format(texts.levels)
    numbers = None if written is None else parse_numbers(list(texts.levels), written)
    if numbers is not None:
        return np.append(numbers, np.nan)[texts.codes]
    return with_levels(texts, feature_level)


def read_label(values: Sequence[Any], column: str) -> Texts:
    """Return a column of classes as the text they are, None being a missing one; whole floats are written as integers.

    Raises InvalidDataError for dates, and for lists and arrays: several labels a record.

    >>> read_label([1.0, None, 2.0], "y").levels, read_label([True, False], "y").levels
    (['1', '2'], ['True', 'False'])
    """
    for kinds, what in (((list, tuple, set, dict, np.ndarray), "several values a record"), ((date,), "dates")):
        if any(isinstance(value, kinds) for value in values):
            raise InvalidDataError(f"label column {column!r} holds {what}, no classes: {OUT_OF_SCOPE}")
    return with_levels(as_texts(map(text_of, values)), label_level)


def _is_inexact(value: Any) -> bool:
    whole = isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
    return is_inexact(int(value) if whole else value)


def text_of(value: Any) -> str | None:
    """Return a value as text, a whole float as the integer that it was before a gap came; None where it is missing.

    >>> text_of(7.0), text_of(7.5), text_of(float("nan"))
    ('7', '7.5', None)
    """
    if is_absent(value):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _dates(values: Sequence[Any]) -> NDArray[np.datetime64]:
    naive = [
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        for value in values
    ]
    return np.array(naive, "datetime64[us]")


def _arrays(values: Sequence[Any], column: str) -> NDArray[np.float64]:
    try:
        matrix = np.array([np.asarray(value, np.float64) for value in values])
    except (ValueError, TypeError):
        matrix = np.empty(0)
    if matrix.ndim < 2 or matrix.dtype.kind != "f":
        raise InvalidDataError(
            f"column {column!r} holds arrays that are not numbers of one length, without gaps; make them so, or leave"
            " the column out with drop"
        )
    return matrix.reshape(len(matrix), -1)
