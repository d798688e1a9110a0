"""Arguments as people give them: 5, 5.0 and NumPy's five are one number; None, 2.5 and text are told apart."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from math import inf
from numbers import Real
from typing import Any

from alrl.errors import AlrlError, InvalidQueryError, InvalidRecipeError

MOST_LABELS = 1_000_000
"""Labels that a learning curve may be long."""


def whole_number(
    name: str, value: Any, *, least: int, most: int | None = None, error: type[AlrlError] = InvalidQueryError
) -> int:
    """Return ``value`` as an integer of at least ``least``, and at most ``most`` if that is given.

    >>> whole_number("batch_size", 5.0, least=1)
    5

    Raises:
        InvalidQueryError: the value is no whole number, or out of bounds; or else the ``error`` that is given.
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
    if most is not None and number > most:
        raise error(f"{name} = {value} given; it must be at most {most:,}")
    return number


def finite_number(name: str, value: Any, *, allowed: str, low: float, high: float = inf) -> float:
    """Return ``value`` as a finite float of at least ``low`` and below ``high``; ``allowed`` says that in words.

    >>> finite_number("audit", 0.1, allowed="0 to below 1", low=0, high=1)
    0.1

    Raises InvalidQueryError for anything else.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not (is_number and low <= float(value) < high):
        raise InvalidQueryError(f"{name} = {value!r} given; give a number: {allowed}")
    return float(value)


def one_of(name: str, value: Any, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is one of the words ``allowed``. Raises InvalidQueryError, which lists them, otherwise."""
    words = list(allowed)
    if value not in words:
        raise InvalidQueryError(f"{name} = {value!r} given; allowed are {', '.join(map(repr, words))}")
    return str(value)


def seed_numbers(seeds: Any) -> tuple[int, ...]:
    """Return seeds that are given by their number, as 0, 1, ..., or one by one.

    >>> seed_numbers(3), seed_numbers([7, 2.0])
    ((0, 1, 2), (7, 2))

    Raises InvalidRecipeError for anything else, no seed, one below 0, and one given twice.
    """
    if isinstance(seeds, str) or seeds is None:
        raise InvalidRecipeError(f"seeds = {seeds!r} given; give their number, or a list of them")
    if not isinstance(seeds, Iterable) or getattr(seeds, "ndim", 1) == 0:
        try:
            return tuple(range(whole_number("seeds", seeds, least=1, error=InvalidRecipeError)))
        except InvalidRecipeError as wrong:
            raise InvalidRecipeError(f"{wrong}: their number, or a list of them, at least one seed") from None
    numbers = tuple(whole_number("each of the seeds", each, least=0, error=InvalidRecipeError) for each in seeds)
    if not numbers or len(set(numbers)) < len(numbers):
        raise InvalidRecipeError(f"seeds = {seeds} given; at least one seed is needed, each given once")
    return numbers


def settings_table(name: str, value: Any, *, such_as: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that are given as a table.

    Raises InvalidRecipeError for anything else, which shows a table ``such_as`` may be given.
    """
    if not isinstance(value, Mapping):
        raise InvalidRecipeError(f"{name} = {value!r} given; give a table of settings, such as {dict(such_as)}")
    return dict(value)


def _integral(value: Any) -> int | None:
    """Return the integer that a float is equal to, of whatever library; None where there is none."""
    if not hasattr(value, "is_integer") or not value.is_integer():
        return None
    return int(value)


def is_absent(value: Any) -> bool:
    """Return whether a value stands for none: None, NaN, NaT, or the NA of pandas, which no condition takes.

    >>> import numpy as np, pandas as pd
    >>> [is_absent(value) for value in (None, float("nan"), pd.NaT, pd.NA, "", 0, np.zeros(2))]
    [True, True, True, True, False, False, False]
    """
    if value is None:
        return True
    other = value != value  # noqa: PLR0124 - neither NaN nor NaT equals itself
    return bool(other) if type(other).__name__ in {"bool", "bool_"} else other is value
