"""The schema of a results file, how older files become of this schema, and what SQLite's errors mean to a user."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from alrl.errors import AlrlError
from alrl.recipes.regular_files import irregular_store
from alrl.studies.canonical import content_id

SCHEMA_VERSION = 7
APPLICATION_ID = 0x616C726C
"""Marks the file as alrl's: "alrl" in ASCII."""

_SCHEMA = """
CREATE TABLE provenance (
    id TEXT PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;
CREATE TABLE agents (
    identity TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    recipe TEXT NOT NULL
) STRICT;
CREATE TABLE cells (
    run_id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('finished', 'failed')),
    seconds REAL,
    cpu_seconds REAL,
    peak_bytes INTEGER,
    provenance TEXT NOT NULL REFERENCES provenance (id),
    traceback TEXT,
    added TEXT NOT NULL,
    code TEXT,
    checksum TEXT,
    facts_checksum TEXT
) STRICT;
CREATE TABLE curves (
    run_id TEXT PRIMARY KEY REFERENCES cells (run_id) ON DELETE CASCADE,
    data_set TEXT NOT NULL,
    strategy TEXT NOT NULL,
    learner TEXT NOT NULL,
    batch INTEGER NOT NULL,
    seeds BLOB NOT NULL,
    accuracy BLOB NOT NULL,
    balanced_accuracy BLOB NOT NULL
) STRICT;
CREATE TABLE picks (
    run_id TEXT PRIMARY KEY REFERENCES cells (run_id) ON DELETE CASCADE,
    first BLOB NOT NULL,
    picks BLOB NOT NULL
) STRICT;
"""
_WASTED = """
CREATE TABLE wasted (
    run_id TEXT PRIMARY KEY REFERENCES cells (run_id) ON DELETE CASCADE,
    wasted BLOB NOT NULL
) STRICT
"""
"""Of cells whose pools were contaminated: what each queried record was."""
_GUARDED = """
CREATE TABLE guarded (
    run_id TEXT PRIMARY KEY REFERENCES cells (run_id) ON DELETE CASCADE,
    guarded BLOB NOT NULL
) STRICT
"""
"""Of cells of policies with a guard: who chose each queried record."""
_UNFITTED = """
CREATE TABLE unfitted_rounds (
    run_id TEXT PRIMARY KEY REFERENCES cells (run_id) ON DELETE CASCADE,
    unfitted_rounds BLOB NOT NULL
) STRICT
"""
"""Of cells with rounds in which the learner could not be fitted: their number for each seed."""


class StoreError(AlrlError):
    """A results file that cannot be opened, written or read.

    To do: keep a copy of the file, and play the study into a new folder.
    """


def connect(path: Path, read_only: bool) -> sqlite3.Connection:
    """Return a connection to the file, without its schema having been looked at."""
    if strange := irregular_store(path):
        raise StoreError(f"{strange}: give the path of a results file, or delete what is none")
    if read_only and not path.exists():
        raise StoreError(f"{path} does not exist: run the study first, or give the path of its results file")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise StoreError(f"{path} cannot be made, {folder} is no folder: make it first")
    # SQLite needs side files to read a write-ahead log; a closed store in a folder without write right needs none.
    still = not os.access(folder, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    options = f"?mode=ro{'&immutable=1' if still else ''}" if read_only else ""
    try:
        return sqlite3.connect(path.absolute().as_uri() + options, uri=True, isolation_level=None, timeout=30)
    except sqlite3.Error as error:
        raise explain(path, error) from error


def check_mark(path: Path, database: sqlite3.Connection) -> int:
    """Return the schema version of the file. Raises StoreError if it is not alrl's, or of a newer alrl."""
    mark = database.execute("PRAGMA application_id").fetchone()[0]
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if mark != APPLICATION_ID and not path.stat().st_size:
        raise StoreError(f"{path} is empty: restore it from a copy, or delete it and run the study again")
    if mark != APPLICATION_ID:
        raise StoreError(f"{path} is a SQLite file that alrl did not write: give another path")
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema {version}, written by a newer alrl; this one reads up to {SCHEMA_VERSION}: "
            "upgrade with pip install --upgrade alrl"
        )
    return version


def create(database: sqlite3.Connection) -> None:
    """Make the tables, within the transaction that is open."""
    # One statement at a time: executescript would commit before the schema is whole.
    for statement in filter(str.strip, [*_SCHEMA.split(";"), _WASTED, _GUARDED, _UNFITTED]):
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def check_tables(path: Path) -> None:
    """Check that a file has the tables of this schema and nothing else: no view, trigger or computed column.

    Raises StoreError if it has not: SQLite would compute on reading it whatever its author wrote there.
    """
    database, own = connect(path, read_only=True), sqlite3.connect(":memory:")
    try:
        create(own)
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
        check_mark(path, database)
        if database.execute(query).fetchall() != own.execute(query).fetchall():
            raise StoreError(f"{path} has other tables than alrl makes: it was changed, or is of another version")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise explain(path, error) from error
    finally:
        database.close()
        own.close()


def settle(path: Path) -> None:
    """Fold the log into the file, so that the file alone can be sent, and reading it leaves nothing beside it."""
    database = connect(path, read_only=False)
    try:
        database.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise explain(path, error) from error
    finally:
        database.close()


def migrate(database: sqlite3.Connection, version: int) -> None:
    """Bring tables of an older schema to this one, within the transaction that is open; nothing is lost."""
    if version == 1:
        _from_1(database)
    if version == 2:
        database.execute(_WASTED)
    if version in {2, 3}:
        database.execute(_GUARDED)
    if version in {2, 3, 4}:
        database.execute(_UNFITTED)
    if version in {2, 3, 4, 5}:
        # What older cells were played by is not known, and nothing says whether they are as they were stored.
        database.execute("ALTER TABLE cells ADD COLUMN code TEXT")
        database.execute("ALTER TABLE cells ADD COLUMN checksum TEXT")
    if version in {2, 3, 4, 5, 6}:
        database.execute("ALTER TABLE cells ADD COLUMN facts_checksum TEXT")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _from_1(database: sqlite3.Connection) -> None:
    """Migrate schema 1, which repeated provenance in each cell, kept picks with curves and knew nothing of agents."""
    database.execute("ALTER TABLE curves RENAME TO curves_1")
    database.execute("ALTER TABLE cells RENAME TO cells_1")
    create(database)
    for (text,) in database.execute("SELECT DISTINCT provenance FROM cells_1").fetchall():
        database.execute("INSERT OR IGNORE INTO provenance VALUES (?, ?)", (content_id(text), text))
    rows = database.execute(
        "SELECT run_id, spec, status, seconds, provenance, traceback, added FROM cells_1 ORDER BY rowid"
    ).fetchall()
    for key, spec, status, seconds, text, traceback, added in rows:
        row = (key, spec, status, seconds, None, None, content_id(text), traceback, added, None, None, None)
        database.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    kept = "run_id, data_set, strategy, learner, batch, seeds, accuracy, balanced_accuracy"
    database.execute(f"INSERT INTO curves SELECT {kept} FROM curves_1")  # noqa: S608 - names of columns, written above
    database.execute("INSERT INTO picks SELECT run_id, first, picks FROM curves_1")
    database.execute("DROP TABLE curves_1")
    database.execute("DROP TABLE cells_1")


def damaged(path: Path, key: str, fault: str, what: str = "") -> StoreError:
    """Return an error that names a cell which is not as it was stored, and says what can be saved."""
    cell = f"{key[:12]}, {what}" if what else key[:12]
    return StoreError(
        f"{path} holds damaged curves of cell {cell} ({fault}): `alrl verify {path.parent}` names all such cells,"
        f" `alrl repair {path.parent}` keeps the others; run the study again after it"
    )


def explain(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
    """Return what SQLite said, or that a name in the file is no text, with what to do."""
    text = str(error)
    if "not a database" in text or "malformed" in text or isinstance(error, UnicodeDecodeError):
        return StoreError(
            f"{path} is no SQLite file or is damaged ({text}): `alrl verify {path.parent}` names the cells that are"
            f" sound, `alrl repair {path.parent}` keeps them; or restore it from a copy"
        )
    if "locked" in text:
        return StoreError(f"{path} is being written by another process ({text}): wait for it or end it")
    if "unable to open" in text or "readonly" in text:
        return StoreError(
            f"{path} cannot be written ({text}): check the rights of {path.parent} or choose another folder"
        )
    if "full" in text or "disk I/O" in text:
        return StoreError(
            f"{path} cannot grow, the disk is full or a quota is reached ({text}): what was finished is kept; "
            f"free space in {path.parent} and run the same command again"
        )
    return StoreError(f"{path} failed ({text}): check the space and the rights of {path.parent}")
