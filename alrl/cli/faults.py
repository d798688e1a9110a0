"""Whose fault an error is that no command expects: alrl's, or that of code which alrl was told to run."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

_HOME = Path(__file__).resolve().parents[1]
_LIBRARIES = tuple(
    {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


def blame(error: BaseException) -> str:
    """Return where an error comes from: the innermost code that is neither Python's nor an installed library's.

    >>> try:
    ...     {}["no"]
    ... except KeyError as error:
    ...     blame(error).startswith("raised in ")
    True
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if _is_in(file, (_HOME,)):
            break
        if not _is_in(file, _LIBRARIES):
            place = f"{frame.filename}, line {frame.lineno}, in {frame.name}"
            return f"raised in {place}, which is not alrl's: `alrl --debug ...` shows the traceback"
    return "this is a fault of alrl: `alrl --debug ...` shows where"


def _is_in(file: Path, folders: tuple[Path, ...]) -> bool:
    return any(file.resolve().is_relative_to(folder) for folder in folders)
