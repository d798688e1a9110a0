"""The append-only log of a project: one SQLite file, written so that a kill at any moment loses nothing committed."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from alrl.errors import ProjectError
from alrl.recipes.regular_files import irregular_store

SCHEMA = 2
"""Number of the layout of a project's folder."""
SINCE = {"connected": 2}
"""The schema that brought an event of a kind; all others are of the first."""
_APPLICATION = 0x616C726C
_WAIT_SECONDS = 60.0

EventKind = Literal[
    "created",
    "records added",
    "class added",
    "model set",
    "asked",
    "answered",
    "skipped",
    "corrected",
    "withdrawn",
    "released",
    "round fitted",
    "restarted",
    "advice given",
    "erased",
    "connected",
]
"""What can happen in a project."""

_LAYOUT = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TRIGGER no_change BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER no_loss BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;
"""
_TRIGGERS = ("no_change", "no_loss")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened."""

    number: int
    """Place in the log, from 1."""
    at: float
    """Clock of the machine that wrote it, seconds since 1970 in UTC; order is by number alone."""
    kind: EventKind
    body: dict[str, Any]


class Transaction:
    """What one writer may do while it alone writes."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self._connection, self._clock = connection, clock
        (self._schema,) = connection.execute("PRAGMA user_version").fetchone()
        self._last = int(connection.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0])

    def after(self, number: int) -> list[Event]:
        """Return the events after ``number``."""
        return _read(self._connection, number)

    def append(self, kind: EventKind, body: dict[str, Any], at: float | None = None) -> Event:
        """Add an event, to be there for others once the transaction has ended, ``at`` the clock of now by default."""
        if kind not in get_args(EventKind):
            raise ProjectError(f"an event of kind {kind!r} given; allowed are {', '.join(get_args(EventKind))}")
        check_kind(kind, self._schema)
        self._last += 1
        event = Event(number=self._last, at=self._clock() if at is None else at, kind=kind, body=body)
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (event.number, event.at, kind, text))
        return event


class EventLog:
    """The log in ``file``; each call opens and closes its own connection, so threads and processes may share it.

    Raises ProjectError where the file is not there, is none of alrl's, is damaged, is of another schema, or where the
    disk is full.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = EventLog.create(Path(folder) / "log.sqlite")
    ...     with log.writing() as transaction:
    ...         _ = transaction.append("class added", {"classes": ["yes", "no"]})
    ...     [(event.number, event.kind) for event in log.after(0)]
    [(1, 'class added')]
    """

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.file, self._clock = file, clock
        if strange := irregular_store(file):
            raise ProjectError(f"{strange}; give the folder of a project")
        if not file.is_file():
            raise ProjectError(f"there is no project in {file.parent}; make one with: alrl project create")
        with self._connected() as connection:
            check_schema(file, connection)

    @classmethod
    def create(cls, file: Path, *, clock: Callable[[], float] = time.time) -> EventLog:
        """Make an empty log. Raises ProjectError if there is one."""
        if file.exists():
            raise ProjectError(f"{file.parent} already holds a project; open it, or choose another folder")
        with _translated(file), closing(_connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                f"BEGIN; PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {SCHEMA}; {_LAYOUT} COMMIT;"
            )
        return cls(file, clock=clock)

    @property
    def now(self) -> float:
        """The clock."""
        return self._clock()

    def after(self, number: int) -> list[Event]:
        """Return the events after ``number``, in order."""
        with self._connected() as connection:
            return _read(connection, number)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Write alone; all events become visible together at the end, or none where an exception passes."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection, self._clock)
            except BaseException:
                # A full disk has ended the transaction already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @property
    def schema(self) -> int:
        """The schema of the log on the disk."""
        with self._connected() as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def check_allowed(self, kind: EventKind) -> None:
        """Raise ProjectError where the log's schema is older than events of this kind."""
        check_kind(kind, self.schema)

    def upgrade(self) -> None:
        """Give the log this version's schema: no event is changed, but older versions of alrl read it no more."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")

    def rewrite(self, events: Sequence[Event]) -> None:
        """Replace the bodies of events that are there already: for erasing a person alone. What was there is wiped."""
        with self._connected() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            layout = {name: _layout_of(connection, name) for name in _TRIGGERS}
            for name in _TRIGGERS:
                connection.execute(f"DROP TRIGGER {name}")
            for event in events:
                text = json.dumps(event.body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
                connection.execute("UPDATE events SET body = ? WHERE number = ?", (text, event.number))
            for text in layout.values():
                connection.execute(text)
            connection.execute("COMMIT")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def backup(self, file: Path) -> Path:
        """Copy the log to ``file`` while others may write. Raises ProjectError if there is such a file."""
        if file.exists():
            raise ProjectError(f"{file} is there already; name another file")
        with self._connected() as connection, closing(_connect(file)) as copy:
            connection.backup(copy)
        return file

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with _translated(self.file), closing(_connect(self.file)) as connection:
            yield connection


def check_kind(kind: EventKind, schema: int) -> None:
    """Raise ProjectError for an event that logs of this schema do not hold."""
    if SINCE.get(kind, 1) > schema:
        raise ProjectError(
            f"the project has schema {schema}, and an event {kind!r} needs {SINCE[kind]}; upgrade it, which"
            " makes a backup by itself: alrl project upgrade"
        )


def check_schema(file: Path, connection: sqlite3.Connection) -> None:
    """Raise ProjectError for a database that is none of this version's logs."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise ProjectError(f"{file} is no log of alrl; give the folder that `alrl project create` made")
    if schema > SCHEMA:
        raise ProjectError(
            f"{file} has schema {schema}; this version of alrl reads up to {SCHEMA}: install a newer one"
        )


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)
    # FULL: what is committed is on the disk before anybody is told so.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _read(connection: sqlite3.Connection, number: int) -> list[Event]:
    rows = connection.execute("SELECT number, at, kind, body FROM events WHERE number > ? ORDER BY number", (number,))
    return [Event(number=row[0], at=row[1], kind=row[2], body=json.loads(row[3])) for row in rows]


def _layout_of(connection: sqlite3.Connection, trigger: str) -> str:
    return str(connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (trigger,)).fetchone()[0])


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise ProjectError(f"{file}: {_advice(error)}") from error


def _advice(error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if "full" in text:
        return "the disk is full; nothing of this step was written: make room and repeat it"
    if "locked" in text or "busy" in text:
        return f"another process has been writing for {_WAIT_SECONDS:.0f} s; wait for it, then repeat the step"
    if "malformed" in text or "not a database" in text:
        return f"the log is damaged ({text}); put a backup in its place, then take the latest answers again"
    return f"the log cannot be used ({text}); see that the disk has room and the folder can be written"
