"""What a check is given, an object of a class of one's own, and what that raises while it is tried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from alrl.errors import AlrlError, ContractError


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


@contextmanager
def tried(given: Any, where: str = "") -> Iterator[None]:
    """Turn what is raised in the block into a ContractError that names the class of ``given`` and its method.

    >>> with tried(object(), "on an empty view"):
    ...     {}["no"]
    Traceback (most recent call last):
    alrl.errors.ContractError: object, on an empty view: it raised KeyError: 'no'
    """
    try:
        yield
    except ContractError:
        raise
    except Exception as error:
        kind = given if isinstance(given, type) else type(given)
        name = getattr(given, "__name__", kind.__name__)
        start = f"{name}, {where}: " if where else f"{name}: "
        # An error of alrl's own says all that there is to say.
        raised = "" if isinstance(error, AlrlError) else f"{_method(error, kind)} raised {type(error).__name__}: "
        raise ContractError(f"{start}{raised}{error}") from error


def _method(error: Exception, kind: type[Any]) -> str:
    """Return the name of the method of one's own class that an error comes from; "it" where none is at work."""
    frame: TracebackType | None = error.__traceback__
    while frame is not None:
        code, known = frame.tb_frame.f_code, frame.tb_frame.f_locals
        own = frame.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in {"alrl", "torch"}
        if own and isinstance(known.get("self"), kind):
            return code.co_name
        frame = frame.tb_next
    return "it"
