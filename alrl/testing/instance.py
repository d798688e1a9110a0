"""What a check is given: an object of a class of one's own, and neither the class nor its name."""

from __future__ import annotations

from typing import Any

from alrl.errors import ContractError


def check_instance(given: Any, base: type[Any]) -> None:
    """Raise ContractError that says what to give, unless it is an object of a class derived from ``base``.

    >>> from alrl.strategies import Strategy
    >>> from alrl.strategies.uncertainty_sampling import Margin
    >>> check_instance(Margin, Strategy)
    Traceback (most recent call last):
    alrl.errors.ContractError: the class Margin given; give an object of it: Margin()
    """
    if isinstance(given, type):
        raise ContractError(f"the class {given.__name__} given; give an object of it: {given.__name__}()")
    if not isinstance(given, base):
        raise ContractError(f"{given!r} given; give an object of a class derived from {base.__name__}")
