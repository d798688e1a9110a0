"""The most memory that this process held since a moment."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Begin anew: what the process held before counts no more. Without effect where the system cannot do that."""
    try:
        _CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return


def peak_bytes() -> int | None:
    """Most resident memory since :func:`reset_peak`, or since the process began where that had no effect.

    None on a system that does not tell.
    """
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return _by_resource()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)


def _by_resource() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
