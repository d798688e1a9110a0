"""Times as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from alrl.errors import ProjectError

_LAST = 253402300799.0
"""The end of the year 9999."""
_DAY = 86_400.0


def seconds_of(when: str | float | datetime) -> float:
    """Return a time as seconds since 1970; a date stands for its end, a time without a zone is UTC.

    Raises ProjectError for what is no time.

    >>> seconds_of("1970-01-02"), seconds_of("19700102"), seconds_of("1970-01-01T00:01"), seconds_of("9999-12-31")
    (172800.0, 172800.0, 60.0, 253402300800.0)
    """
    if isinstance(when, bool):
        raise ProjectError(f"{when!r} given as a time; write it as 2026-11-03 or 2026-11-03T14:30")
    if isinstance(when, int | float):
        if not abs(when) <= _LAST:
            raise ProjectError(f"{when!r} given as a time; seconds since 1970 are finite, up to {_LAST:.0f}")
        return float(when)
    try:
        moment = when if isinstance(when, datetime) else datetime.fromisoformat(when)
    except (TypeError, ValueError):
        raise ProjectError(f"{when!r} given as a time; write it as 2026-11-03 or 2026-11-03T14:30") from None
    seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    # A date, however it is written, stands for its end.
    return seconds + _DAY if isinstance(when, str) and not _has_time(when) else seconds


def _has_time(when: str) -> bool:
    try:
        date.fromisoformat(when)
    except ValueError:
        return True
    return False
