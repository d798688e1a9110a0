"""Write the sound cells of a damaged results file into a new one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alrl.studies.canonical import canonical
from alrl.studies.store.salvage import TABLES, Examined, examine, open_damaged
from alrl.studies.store.schema import connect, explain
from alrl.studies.store.store import RESULTS, Store


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """Result of :func:`repair`."""

    kept: int
    dropped: tuple[Examined, ...]
    damaged: Path | None
    """Where the damaged file lies now; None if nothing had to be done."""


def repair(folder: Path | str) -> Repaired:
    """Write the sound cells of a run into a new results file; the damaged one stays beside it under another name.

    Raises StoreError if the file cannot be opened at all, is in use, or the folder cannot be written.
    """
    path = Path(folder) / RESULTS
    cells = list(examine(path))
    dropped = tuple(each for each in cells if each.status == "damaged")
    if not dropped and all(each.facts_fit for each in cells) and not _is_damaged(path):
        return Repaired(kept=len(cells), dropped=(), damaged=None)
    part = path.with_name("results.repaired.sqlite")
    _remove(part)
    try:
        refused = _written(part, path, [each for each in cells if each.status != "damaged"])
    except BaseException:
        _remove(part)
        raise
    dropped += tuple(refused)
    damaged = next(name for name in _names(path) if not name.exists())
    for side, ending in _sides(path):
        if side.exists():
            side.replace(damaged.with_name(damaged.name + ending))
    part.replace(path)
    return Repaired(kept=len(cells) - len(dropped), dropped=dropped, damaged=damaged)


def _written(part: Path, path: Path, cells: list[Examined]) -> list[Examined]:
    """Write agents and cells of a file into a new one; return cells that the new one does not take."""
    database, known = open_damaged(path)
    try:
        with Store(part) as store:
            for identity, name, recipe in _agents(database):
                store.keep_agent(identity, name, recipe)
        return _copy(part, database, cells, known)
    except sqlite3.Error as error:
        raise explain(path, error) from error
    finally:
        database.close()


def _sides(path: Path) -> list[tuple[Path, str]]:
    """Return a store's file and those that SQLite keeps beside it, with the ending of each."""
    return [(path.with_name(path.name + ending), ending) for ending in ("", "-wal", "-shm")]


def _remove(path: Path) -> None:
    for side, _ in _sides(path):
        side.unlink(missing_ok=True)


def _is_damaged(path: Path) -> bool:
    """Return whether the file itself is damaged, though every cell could be read."""
    database = connect(path, read_only=True)
    try:
        return bool(database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.Error:
        return True
    finally:
        database.close()


def _agents(database: sqlite3.Connection) -> Iterator[tuple[str, str, dict[str, Any]]]:
    try:
        for identity, name, recipe in database.execute("SELECT identity, name, recipe FROM agents"):
            try:
                read = json.loads(recipe)
                canonical(read).encode()
            except (ValueError, TypeError, RecursionError):
                continue
            if isinstance(identity, str) and isinstance(name, str):
                yield identity, name, read
    except sqlite3.Error:
        return


def _provenance(database: sqlite3.Connection, key: str) -> str:
    """Return the provenance of that id as it is stored; one that says nothing where it is damaged."""
    try:
        row = database.execute("SELECT content FROM provenance WHERE id = ?", (key,)).fetchone()
        return canonical(json.loads(row[0]))
    except (sqlite3.Error, ValueError, TypeError):
        return "{}"


def _copy(target: Path, source: sqlite3.Connection, cells: list[Examined], known: tuple[str, ...]) -> list[Examined]:
    """Copy the cells into the new file; return those that it does not take, each as damaged."""
    database, refused = sqlite3.connect(target, isolation_level=None), []
    try:
        database.execute("BEGIN IMMEDIATE")
        for each in cells:
            database.execute("SAVEPOINT cell")
            try:
                _copy_cell(database, source, each, known)
            except (sqlite3.IntegrityError, sqlite3.DataError, ValueError) as error:
                database.execute("ROLLBACK TO cell")
                refused.append(replace(each, status="damaged", fault=f"what it holds cannot be stored: {error}"))
            database.execute("RELEASE cell")
        database.execute("COMMIT")
    finally:
        database.close()
    return refused


def _copy_cell(
    database: sqlite3.Connection, source: sqlite3.Connection, each: Examined, known: tuple[str, ...]
) -> None:
    cell = dict(each.cell or {})
    origin = (cell["provenance"], _provenance(source, cell["provenance"]))
    database.execute("INSERT OR IGNORE INTO provenance VALUES (?, ?)", origin)
    if not each.facts_fit:
        cell["facts_checksum"] = None
    _insert(database, "cells", each.id, {name: cell[name] for name in known})
    for table, columns in TABLES.items() if each.result is not None else ():
        row = {name: (each.result or {})[name] for name in columns}
        if None not in row.values():
            _insert(database, table, each.id, row)


def _insert(database: sqlite3.Connection, table: str, key: str, row: Mapping[str, Any]) -> None:
    names, marks = ", ".join(("run_id", *row)), ", ".join("?" * (len(row) + 1))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", (key, *row.values()))  # noqa: S608


def _names(path: Path) -> Iterator[Path]:
    yield path.with_name("results.damaged.sqlite")
    for number in range(2, 10_000):
        yield path.with_name(f"results.damaged-{number}.sqlite")
