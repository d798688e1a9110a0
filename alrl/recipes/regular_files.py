"""Reads files that a stranger may have sent: regular ones of a bounded size, never waiting for a pipe or a device."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from alrl.errors import AlrlError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def irregular(path: str | Path) -> str:
    """Return what stands at a path, links followed, where that is no regular file; nothing if it is one, or nothing.

    >>> irregular("/dev/zero"), irregular("/"), irregular("no/such/file")
    ('a device', 'a folder', '')
    """
    try:
        return _kind(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return ""


def irregular_store(path: Path) -> str:
    """Return the same of a SQLite file and of what SQLite reads beside it, with its name, such as "x is a pipe"."""
    sides = (path.with_name(path.name + ending) for ending in ("", "-wal", "-shm", "-journal"))
    return next((f"{file} is {kind}, not a regular file" for file in sides if (kind := irregular(file))), "")


def read_regular(path: Path, most: int, *, error: type[AlrlError], advice: str) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes.

    A pipe, a device or a folder is refused without waiting for it, whatever links lead there. ``advice`` ends messages.

    Raises:
        AlrlError: of the class ``error``, if it is no regular file, is larger, or cannot be read.
    """
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if kind := _kind(status.st_mode):
                raise error(f"{path}: {kind}, not a regular file; {advice}")
            # A file may grow meanwhile; room for all that is allowed is not taken for one that is small.
            data = file.read(min(most, max(status.st_size, 2**20)) + 1)
    except (OSError, ValueError) as cause:
        if isinstance(cause, AlrlError):
            raise
        reason = getattr(cause, "strerror", None) or str(cause) or "no reason given"
        # Opening a folder fails on some systems, and a socket on all.
        kind = irregular(path)
        reason = f"{kind}, not a regular file" if kind else f"cannot be read ({reason})"
        raise error(f"{path}: {reason}; {advice}") from cause
    if len(data) > most:
        raise error(f"{path}: {max(status.st_size, len(data)):,} bytes given, at most {most:,} are read; {advice}")
    return data


def _kind(mode: int) -> str:
    return "" if stat.S_ISREG(mode) else next((name for fits, name in _KINDS if fits(mode)), "a device")


def _open_without_waiting(path: str, flags: int) -> int:
    # Opening a pipe waits for its other end otherwise.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
