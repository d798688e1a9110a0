"""Upkeep of a project over the years: copies of it, upgrades of its folder, removal of a person."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from alrl.errors import ProjectError
from alrl.projects.event_log import SCHEMA, Event, EventLog
from alrl.projects.exchange.transfer import FOLDERS
from alrl.projects.journal import LOG
from alrl.projects.project import Project
from alrl.projects.records.pool import ID
from alrl.projects.records.record_file import read_records, sha256_of, write_records

ERASED = "#erased"
"""What stands in the log where an identifier was erased."""


def back_up(project: Project, folder: Path) -> Path:
    """Copy a project to a new folder, while others write; the copy is a project itself.

    Raises ProjectError if there is such a folder, or if it is to lie in the project.
    """
    if folder.exists():
        raise ProjectError(f"{folder} is there already; name another folder")
    if folder.resolve().is_relative_to(project.folder.resolve()):
        raise ProjectError(f"{folder} lies in the project itself; name a folder outside {project.folder}")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    # The log first: a file that it names is written before its event, and never changed.
    project.log.backup(part / LOG)
    for name in FOLDERS:
        if (project.folder / name).is_dir():
            shutil.copytree(project.folder / name, part / name, ignore=shutil.ignore_patterns("*.part", "new*"))
    part.rename(folder)
    return folder


def upgrade(folder: Path) -> tuple[int, int]:
    """Bring a project to this version's schema, and keep its log as it was beside it; returns the schemas.

    No event is changed; what is new may be written from then on, and older versions of alrl refuse the project.
    """
    log = EventLog(folder / LOG)
    before = log.schema
    if before < SCHEMA:
        kept = folder / f"log-schema-{before}.sqlite"
        if not kept.exists():
            log.backup(kept)
        log.upgrade()
    return before, SCHEMA


def erase(project: Project, records: Sequence[str]) -> list[str]:
    """Remove records, their answers and their identifiers for good; returns what was done and what cannot be, in words.

    Their rows stay in the files of records, empty, so that positions hold; the log names them no more. Positions in
    predictions of earlier rounds, and models that were fitted to them, remain.

    Raises InvalidDataError for unknown records.
    """
    pool = project.pool()
    gone = set(project.known(records, "nothing was erased"))
    with project.writing() as (transaction, state):
        state.apply(transaction.append("erased", {"ids": sorted(gone)}))
    names = {record: f"{ERASED}-{pool.position[record]}" for record in gone}
    replaced = {file["file"]: _without(project.folder / "records" / file["file"], names) for file in pool.files}
    events = project.events()
    changed = [_anonymous(event, names, replaced) for event in events]
    project.log.rewrite([new for old, new in zip(events, changed, strict=True) if old != new])
    for old, new in replaced.items():
        if new is not None:
            (project.folder / "records" / old).unlink(missing_ok=True)
    shutil.rmtree(project.folder / "cache", ignore_errors=True)
    project.forget()
    return [
        f"{len(gone)} records, their answers and identifiers are erased from log and records",
        f"{len(state.rounds)} earlier rounds were fitted with them; their predictions are kept, without names",
        "copies, exports, task files, backups and the log before an upgrade still hold them: remove them yourself",
    ]


def _without(file: Path, names: dict[str, str]) -> dict[str, Any] | None:
    """Write the records without the values of those named; None where the file holds none of them."""
    table = read_records(file)
    gone = table[ID].isin(list(names)).to_numpy()
    if not gone.any():
        return None
    columns = {}
    for name in table.columns:
        column = table[name]
        if name == ID:
            columns[name] = [names.get(value, value) for value in column.tolist()]
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            kept = column[~gone]
            columns[name] = column.astype(float).where(~gone, float(kept.mean()) if len(kept) else 0.0)
        else:
            kept = column[~gone]
            columns[name] = column.where(~gone, kept.iloc[0] if len(kept) else None)
    part = write_records(file.with_name("new-erased.npz"), pd.DataFrame(columns))
    sha256 = sha256_of(part)
    part.replace(file.with_name(f"{sha256[:16]}.npz"))
    return {"file": f"{sha256[:16]}.npz", "sha256": sha256}


def _anonymous(event: Event, names: dict[str, str], replaced: dict[str, dict[str, Any] | None]) -> Event:
    body = dict(event.body)
    if event.kind == "records added" and replaced.get(body["file"]):
        body.update(replaced[body["file"]] or {})
    if body.get("id") in names:
        kept = {key: value for key, value in body.items() if key in {"annotator", "charged", "seconds"}}
        body = {**kept, "id": names[body["id"]], "erased": True}
    if "ids" in body:
        body["ids"] = [names.get(record, record) for record in body["ids"]]
    return dataclasses.replace(event, body=body)
