"""A project as JSON lines: every event as text, every file beside the log in base64, and a seal over all of it."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alrl.errors import ProjectError
from alrl.projects.event_log import SCHEMA, EventLog
from alrl.projects.journal import LOG
from alrl.projects.project import Project
from alrl.recipes.regular_files import read_regular

FORMAT = "alrl project"
_MOST_BYTES = 4 * 2**30
FOLDERS = ("records", "models", "rounds")
"""What a project keeps beside its log; all else can be made again."""


def export_project(project: Project, file: Path, *, files: bool = True) -> int:
    """Write all events, and all files unless told otherwise; returns the number of events.

    The last line holds the SHA-256 of those before it, so that a file that was cut is recognised.

    Raises ProjectError if there is such a file.
    """
    if file.exists():
        raise ProjectError(f"{file} is there already; name another file")
    events, digest = project.events(), hashlib.sha256()
    part = file.with_name(f"{file.name}.part")
    with part.open("w", encoding="utf-8", newline="\n") as stream:
        for row in _rows(project, events, files=files):
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
            digest.update(line.encode())
            stream.write(line)
        stream.write(json.dumps({"sha256": digest.hexdigest()}) + "\n")
    part.replace(file)
    return len(events)


def _rows(project: Project, events: list[Any], *, files: bool) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT, "schema": SCHEMA, "events": len(events), "complete": files}
    for event in events:
        yield {"number": event.number, "at": event.at, "kind": event.kind, "body": event.body}
    for path in sorted(file for name in FOLDERS for file in (project.folder / name).glob("*")) if files else ():
        if path.suffix != ".part":
            data = base64.b64encode(path.read_bytes()).decode()
            yield {"file": f"{path.parent.name}/{path.name}", "base64": data}


def import_project(file: Path, folder: Path) -> Project:
    """Make a project from what :func:`export_project` wrote, with the same events in the same order.

    Raises ProjectError where the file was cut or changed, holds events alone, or the folder holds a project.
    """
    if (folder / LOG).exists():
        raise ProjectError(f"{folder} already holds a project; name another folder")
    rows = _checked(file)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    log = EventLog.create(part / LOG)
    with log.writing() as transaction:
        for row in rows:
            if "kind" in row:
                transaction.append(row["kind"], row["body"], at=float(row["at"]))
            else:
                _restore(part, row)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    part.rename(folder)
    return Project(folder)


def _checked(file: Path) -> list[dict[str, Any]]:
    advice = "give the file that alrl project export wrote"
    data = read_regular(file, _MOST_BYTES, error=ProjectError, advice=advice)
    # As it is written: one line a row, whatever else divides lines of a text.
    lines = data.splitlines(keepends=True)
    digest = hashlib.sha256(b"".join(lines[:-1]))
    try:
        rows = [json.loads(line) for line in lines]
        head, seal = rows[0], rows[-1]["sha256"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ProjectError(f"{file.name} was cut, or is no project of alrl; export the project again") from None
    if not all(isinstance(row, dict) for row in rows):
        raise ProjectError(f"{file.name} holds a line that is no table; export the project again")
    if head.get("format") != FORMAT or head.get("schema") not in range(1, SCHEMA + 1):
        raise ProjectError(f"{file.name} is no project that this version of alrl reads (schema up to {SCHEMA})")
    if seal != digest.hexdigest():
        raise ProjectError(f"{file.name} was changed after it was written; export the project again")
    if not head["complete"]:
        raise ProjectError(f"{file.name} holds the events alone, without records; export the project with its files")
    return rows[1:-1]


def _restore(folder: Path, row: dict[str, Any]) -> None:
    place, _, name = row["file"].partition("/")
    if place not in FOLDERS or Path(name).name != name or name.startswith("."):
        raise ProjectError(f"the file names {row['file']!r}, which is no file of a project")
    (folder / place).mkdir(exist_ok=True)
    (folder / place / name).write_bytes(base64.b64decode(row["base64"]))
