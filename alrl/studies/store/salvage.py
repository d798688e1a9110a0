"""Look at each cell of a results file by itself, however damaged the file is; keep what is sound."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alrl.evaluation.curves import Curves
from alrl.studies.canonical import canonical, run_id
from alrl.studies.store.rows import CURVES, OPTIONAL, PICKS, RESULT, facts_checksum, to_curves
from alrl.studies.store.schema import SCHEMA_VERSION, StoreError, check_mark, connect, explain
from alrl.studies.store.store import RESULTS, Store

_TABLES: Mapping[str, tuple[str, ...]] = {"curves": CURVES, "picks": PICKS, **{name: (name,) for name in OPTIONAL}}
_CELL = (
    "spec",
    "status",
    "seconds",
    "cpu_seconds",
    "peak_bytes",
    "provenance",
    "traceback",
    "added",
    "code",
    "checksum",
    "facts_checksum",
)
_SCANS = ("", " ORDER BY rowid DESC", " INDEXED BY sqlite_autoindex_cells_1")
"""Ways through the table of cells: where one breaks off, another may go on."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """One cell of a file, with what is wrong with it."""

    id: str
    status: Literal["sound", "unchecked", "failed", "damaged"]
    """``unchecked``: whole, but stored before cells had checksums; ``failed``: playing it raised an error."""
    fault: str = ""
    cell: Mapping[str, Any] | None = None
    """Its row of the table of cells, as it is stored."""
    result: Mapping[str, Any] | None = None
    """The columns of its result, as they are stored."""
    facts_fit: bool = True
    """Whether what it took, when and where it was played is as it was stored; its result does not depend on that."""

    @property
    def name(self) -> str:
        """Beginning of the id, agent and data set, as far as they can be read."""
        try:
            spec = json.loads((self.cell or {})["spec"])
            return f"{self.id[:12]} {spec.get('agent', '?')} on {spec.get('data_set', '?')}"
        except (KeyError, ValueError, TypeError, AttributeError):
            return self.id[:12]


def examine(path: Path) -> Iterator[Examined]:
    """Yield every cell that the file names. Raises StoreError if it is no results file, or too damaged to be opened."""
    database, known = _open(path)
    try:
        for key in _ids(database):
            yield _examined(database, key, known)
    finally:
        database.close()


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
    part.unlink(missing_ok=True)
    database, known = _open(path)
    try:
        with Store(part) as store:
            for identity, name, recipe in _agents(database):
                store.keep_agent(identity, name, recipe)
        _copy(part, database, [each for each in cells if each.status != "damaged"], known)
    except sqlite3.Error as error:
        raise explain(path, error) from error
    finally:
        database.close()
    damaged = next(name for name in _names(path) if not name.exists())
    for ending in ("", "-wal", "-shm"):
        side = path.with_name(path.name + ending)
        if side.exists():
            side.replace(damaged.with_name(damaged.name + ending))
    part.replace(path)
    return Repaired(kept=len(cells) - len(dropped), dropped=dropped, damaged=damaged)


def _open(path: Path) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Return a connection, and those of the columns of a cell that the file has."""
    database = connect(path, read_only=True)
    try:
        # A flipped bit may leave a text that is no UTF-8: that is one cell's fault, not the file's.
        database.text_factory = lambda raw: raw.decode(errors="replace")
        version = check_mark(path, database)
        if version < 2:
            database.close()
            raise StoreError(f"{path} has schema {version}, which is older than {SCHEMA_VERSION}: run the study again")
        columns = {row[1] for row in database.execute("PRAGMA table_info(cells)")}
    except (sqlite3.Error, UnicodeDecodeError) as error:
        database.close()
        raise StoreError(
            f"{path} cannot be opened ({error}), so no cell can be saved by alrl: restore the file from a copy, or try"
            f" `sqlite3 {path.name} .recover`; without either, delete it and run the study again"
        ) from error
    return database, tuple(name for name in _CELL if name in columns)


def _ids(database: sqlite3.Connection) -> list[str]:
    ids: dict[str, None] = {}
    for scan in _SCANS:
        try:
            ids.update((str(row[0]), None) for row in database.execute(f"SELECT run_id FROM cells{scan}"))  # noqa: S608
        except sqlite3.Error:
            continue
    return list(ids)


def _row(database: sqlite3.Connection, table: str, columns: tuple[str, ...], key: str) -> dict[str, Any] | None:
    row = database.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE run_id = ?", (key,)).fetchone()  # noqa: S608
    return None if row is None else dict(zip(columns, row, strict=True))


def _examined(database: sqlite3.Connection, key: str, known: tuple[str, ...]) -> Examined:
    cell: dict[str, Any] | None = None
    try:
        cell = _row(database, "cells", known, key)
        if cell is None:
            return Examined(id=key, status="damaged", fault="its row cannot be found by its id")
        if run_id(json.loads(cell["spec"])) != key:
            return Examined(id=key, status="damaged", cell=cell, fault="its specification is not that of its id")
        facts_fit = _facts_fit(database, cell)
        if cell["status"] != "finished":
            return Examined(id=key, status="failed", cell=cell, facts_fit=facts_fit)
        result: dict[str, Any] = dict.fromkeys(RESULT)
        for table, columns in _TABLES.items():
            result |= (_row(database, table, columns, key) if _has(database, table) else None) or {}
        _check(cell, result)
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
        return Examined(id=key, status="damaged", cell=cell, fault=str(error) or type(error).__name__)
    status: Literal["sound", "unchecked"] = "unchecked" if cell.get("checksum") is None else "sound"
    return Examined(id=key, status=status, cell=cell, result=result, facts_fit=facts_fit)


def _facts_fit(database: sqlite3.Connection, cell: Mapping[str, Any]) -> bool:
    wanted = cell.get("facts_checksum")
    if wanted is None:
        return cell["status"] in {"finished", "failed"}
    return bool(wanted == facts_checksum(database, cell))


def _check(cell: Mapping[str, Any], result: Mapping[str, Any]) -> Curves:
    missing = [name for name in (*CURVES, *PICKS) if result[name] is None]
    if missing:
        raise ValueError(f"its {missing[0]} is missing")
    return to_curves(result, cell["spec"], cell.get("code"), cell.get("checksum"))


def _has(database: sqlite3.Connection, table: str) -> bool:
    return bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone())


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
                yield identity, name, json.loads(recipe)
            except ValueError:
                continue
    except sqlite3.Error:
        return


def _provenance(database: sqlite3.Connection, key: str) -> str:
    """Return the provenance of that id as it is stored; one that says nothing where it is damaged."""
    try:
        row = database.execute("SELECT content FROM provenance WHERE id = ?", (key,)).fetchone()
        return canonical(json.loads(row[0]))
    except (sqlite3.Error, ValueError, TypeError):
        return "{}"


def _copy(target: Path, source: sqlite3.Connection, cells: list[Examined], known: tuple[str, ...]) -> None:
    database = sqlite3.connect(target, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        for each in cells:
            cell = dict(each.cell or {})
            origin = (cell["provenance"], _provenance(source, cell["provenance"]))
            database.execute("INSERT OR IGNORE INTO provenance VALUES (?, ?)", origin)
            if not each.facts_fit:
                cell["facts_checksum"] = None
            _insert(database, "cells", each.id, {name: cell[name] for name in known})
            for table, columns in _TABLES.items() if each.result is not None else ():
                row = {name: (each.result or {})[name] for name in columns}
                if None not in row.values():
                    _insert(database, table, each.id, row)
        database.execute("COMMIT")
    finally:
        database.close()


def _insert(database: sqlite3.Connection, table: str, key: str, row: Mapping[str, Any]) -> None:
    names, marks = ", ".join(("run_id", *row)), ", ".join("?" * (len(row) + 1))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", (key, *row.values()))  # noqa: S608


def _names(path: Path) -> Iterator[Path]:
    yield path.with_name("results.damaged.sqlite")
    for number in range(2, 10_000):
        yield path.with_name(f"results.damaged-{number}.sqlite")
