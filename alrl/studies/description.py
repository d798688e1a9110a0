"""What a run tells of itself in ``study.json``: a file that a stranger may have sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alrl.errors import AlrlError

STUDY = "study.json"
_MOST_BYTES = 1 << 28


class RunDirectoryError(AlrlError):
    """A directory that holds no study, or whose description cannot be read."""


def read_description(folder: Path) -> dict[str, Any]:
    """Return the description of the run in ``folder``: a table with a ``title`` and ``cells``, a table each.

    Raises RunDirectoryError if there is none, or if it is anything else.
    """
    path = folder / STUDY
    if not path.is_file():
        raise RunDirectoryError(f"{path} does not exist: give the directory that `alrl run` named at its end")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"{path.stat().st_size} bytes given, at most {_MOST_BYTES} allowed")
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not isinstance(content["title"], str):
            raise TypeError("no table with a title")
        cells = content["cells"]
        if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
            raise TypeError("its cells are no tables")
        # What JSON takes beyond the standard, such as NaN, has no identity.
        json.dumps(cells, allow_nan=False)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunDirectoryError(
            f"{path} does not describe a study ({type(error).__name__}: {error}); it needs title and cells: "
            "run the study again"
        ) from error
    return content
