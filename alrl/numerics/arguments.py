"""Whole numbers as people give them: 5, 5.0 and NumPy's five are one number; None, 2.5 and text are told apart."""

from __future__ import annotations

import operator
from typing import Any

from alrl.errors import AlrlError, InvalidQueryError


def whole_number(name: str, value: Any, *, least: int, error: type[AlrlError] = InvalidQueryError) -> int:
    """Return ``value`` as an integer of at least ``least``.

    >>> whole_number("batch_size", 5.0, least=1)
    5

    Raises:
        InvalidQueryError: the value is no whole number, or below ``least``; or else the ``error`` that is given.
    """
    number = None
    if not isinstance(value, bool) and type(value).__name__ not in {"bool_", "bool"}:
        try:
            number = operator.index(value)
        except TypeError:
            number = _integral(value)
    if number is None:
        raise error(f"{name} = {value!r} given; it must be a whole number, at least {least}")
    if number < least:
        raise error(f"{name} = {value} given; it must be at least {least}")
    return number


def _integral(value: Any) -> int | None:
    """Return the integer that a float is equal to, of whatever library; None where there is none."""
    if not hasattr(value, "is_integer") or not value.is_integer():
        return None
    return int(value)
