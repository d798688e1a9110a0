"""What a run tells of itself in ``study.json``: a file that a stranger may have sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from alrl.errors import AlrlError
from alrl.recipes.regular_files import irregular, read_regular
from alrl.studies.canonical import canonical, content_id

STUDY = "study.json"
SUM = "sha256"
"""Key of the SHA-256 of all that the description tells beside it."""
_MOST_BYTES = 256 * 2**20
_ADVICE = "the directory that `alrl run` named at its end"


class RunDirectoryError(AlrlError):
    """A directory that holds no study, or whose description cannot be read.

    To do: name the folder that ``alrl run`` wrote: it holds ``study.json`` and ``results.sqlite``.
    """


def write_description(folder: Path, content: Mapping[str, Any]) -> Path:
    """Write what a run tells of itself, with the SHA-256 of that, in one step; return the file."""
    plain = json.loads(json.dumps(content, default=str, allow_nan=False))
    text = json.dumps({**plain, SUM: content_id(canonical(plain))}, indent=1)
    part = folder / f"{STUDY}.part"
    # Who is killed here leaves the old description or the new one, never half of one.
    part.write_text(text + "\n", encoding="utf-8")
    return part.replace(folder / STUDY)


def description_fits(content: Mapping[str, Any]) -> bool:
    """Return whether a description is what was written; so is one of an older alrl, which wrote no sum."""
    summed = {key: value for key, value in content.items() if key != SUM}
    return SUM not in content or content[SUM] == content_id(canonical(summed))


def read_description(folder: Path) -> dict[str, Any]:
    """Return the description of the run in ``folder``: a table with a ``title`` and ``cells``, a table each.

    Raises RunDirectoryError if there is none, or if it is anything else.
    """
    path = folder / STUDY
    if not path.is_file() and not irregular(path):
        raise RunDirectoryError(f"{path} does not exist: give {_ADVICE}")
    data = read_regular(path, _MOST_BYTES, error=RunDirectoryError, advice=f"give {_ADVICE}")
    try:
        fault, content = "", json.loads(data.decode("utf-8"))
        # What JSON takes beyond the standard, such as NaN, has no identity.
        json.dumps(content, allow_nan=False)
    except (ValueError, RecursionError) as error:
        fault, content = str(error), {}
    if not fault:
        fault = _fault(content)
    if fault:
        raise RunDirectoryError(f"{path} does not describe a study ({fault}): run the study again")
    return dict(content)


def other_study(folder: Path, title: str, data: Iterable[str]) -> str:
    """Return the title of the study in ``folder`` if it is another one, of other data sets than ``data``; else "".

    >>> other_study(Path("no-such-folder"), "Mine", ["iris"])
    ''
    """
    try:
        held = read_description(folder)
    except RunDirectoryError:
        return ""
    common = {cell.get("data_set") for cell in held["cells"]} & set(data)
    return "" if common or held["title"] == title or not held["cells"] else str(held["title"])


def _fault(content: Any) -> str:
    if not isinstance(content, dict) or not isinstance(content.get("title"), str):
        return "it needs title and cells"
    cells = content.get("cells")
    tables = isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells)
    return "" if tables else "it needs title and cells, a table each"
