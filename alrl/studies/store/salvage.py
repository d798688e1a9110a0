"""Look at each cell of a results file by itself, however damaged the file is."""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from alrl.evaluation.curves import Curves
from alrl.studies.canonical import run_id
from alrl.studies.store.rows import CURVES, OPTIONAL, PICKS, RESULT, facts_checksum, to_curves
from alrl.studies.store.schema import SCHEMA_VERSION, StoreError, check_mark, connect

TABLES: Mapping[str, tuple[str, ...]] = {"curves": CURVES, "picks": PICKS, **{name: (name,) for name in OPTIONAL}}
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
_SCANS = ("NOT INDEXED", "NOT INDEXED ORDER BY rowid DESC", "INDEXED BY sqlite_autoindex_cells_1")
"""Ways through the table of cells: where one breaks off, another may go on."""
_WAYS = ("run_id", "+run_id")
"""Ways to a row: by the index, which may be damaged itself, and by looking at every row."""
_ID = re.compile(r"[0-9a-f]{64}")


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
            name = f"{self.id[:12]} {spec.get('agent', '?')} on {spec.get('data_set', '?')}"
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
            name = self.id[:12]
        # A damaged text may hold what a terminal obeys.
        return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)


def examine(path: Path) -> Iterator[Examined]:
    """Yield every cell that the file names. Raises StoreError if it is no results file, or too damaged to be opened."""
    database, known = open_damaged(path)
    try:
        seen = set[str]()
        for keys in _ids(database):
            looked: list[Examined] = []
            for key, way in itertools.product(keys, _WAYS):
                looked.append(_examined(database, key, known, way))
                if looked[-1].status != "damaged":
                    break
            best = next((each for each in looked if each.status != "damaged"), looked[0])
            if best.id not in seen:
                seen.add(best.id)
                yield best
    finally:
        database.close()


def open_damaged(path: Path) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Return a connection, and those of the columns of a cell that the file has."""
    database = _of_what_is_left(path) or connect(path, read_only=True)
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


def _of_what_is_left(path: Path) -> sqlite3.Connection | None:
    """Return a connection to a copy, in memory, of a file that was cut off; None of one that was not.

    SQLite opens no file that is shorter than its head says. Of a copy whose head is mended it reads what is there.
    """
    with path.open("rb") if path.is_file() else BytesIO() as file:
        head = file.read(100)
        page = int.from_bytes(head[16:18], "big")
        page = 65536 if page == 1 else page
        pages = path.stat().st_size // page if page else 0
        if len(head) < 100 or not pages or int.from_bytes(head[28:32], "big") <= pages:
            return None
        # Rolled back, for a file in memory has no log.
        content = b"".join([head[:18], bytes([1, 1]), head[20:28], pages.to_bytes(4, "big"), head[32:], file.read()])
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.deserialize(content[: pages * page])
    return database


def _ids(database: sqlite3.Connection) -> list[list[str]]:
    """Return what each row of the table of cells may be called: as the row says, and as the index does.

    Of the index alone is taken what no row is called, and looks like an id: it may be itself what is damaged.
    """
    rows: dict[int, list[str]] = {}
    for scan in _SCANS:
        known = {key for keys in rows.values() for key in keys}
        for place, key in _scanned(database, scan):
            new = key not in known and (not scan.startswith("INDEXED") or _ID.fullmatch(key))
            if new and key not in rows.setdefault(place, []):
                rows[place].append(key)
    return [keys for keys in rows.values() if keys]


def _scanned(database: sqlite3.Connection, scan: str) -> Iterator[tuple[int, str]]:
    """Yield place and id of the rows of the table of cells, as far as they can be read in this way."""
    query = f"SELECT rowid, run_id FROM cells {scan}"  # noqa: S608 - one of the ways above
    count = 0
    try:
        for place, key in database.execute(query):
            count += 1
            yield place, str(key)
    except sqlite3.Error:
        # Python reads a row ahead, and so loses the last one before what is damaged.
        with suppress(sqlite3.Error):
            yield from ((place, str(key)) for place, key in database.execute(f"{query} LIMIT 1 OFFSET {count}"))


def _row(
    database: sqlite3.Connection, table: str, columns: tuple[str, ...], key: str, way: str
) -> dict[str, Any] | None:
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE {way} = ? LIMIT 1"  # noqa: S608 - names written above
    row = database.execute(query, (key,)).fetchone()
    return None if row is None else dict(zip(columns, row, strict=True))


def _examined(database: sqlite3.Connection, key: str, known: tuple[str, ...], way: str) -> Examined:
    cell: dict[str, Any] | None = None
    try:
        cell = _row(database, "cells", known, key, way)
        if cell is None:
            return Examined(id=key, status="damaged", fault="its row cannot be found by its id")
        if run_id(json.loads(cell["spec"])) != key:
            return Examined(id=key, status="damaged", cell=cell, fault="its specification is not that of its id")
        facts_fit = _facts_fit(database, cell)
        if cell["status"] not in {"finished", "failed"}:
            return Examined(id=key, status="damaged", cell=cell, fault="its status is neither finished nor failed")
        if cell["status"] == "failed":
            return Examined(id=key, status="failed", cell=cell, facts_fit=facts_fit)
        result: dict[str, Any] = dict.fromkeys(RESULT)
        for table, columns in TABLES.items():
            result |= (_row(database, table, columns, key, way) if _has(database, table) else None) or {}
        _check(cell, result)
    except (sqlite3.Error, ValueError, TypeError, KeyError, RecursionError) as error:
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
