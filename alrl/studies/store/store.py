"""Results of a study in one SQLite file: a finished cell is never lost and never doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from alrl.evaluation.curves import Curves
from alrl.studies.canonical import canonical, content_id, run_id
from alrl.studies.provenance import provenance
from alrl.studies.store.rows import (
    CURVES,
    FACTS,
    OPTIONAL,
    PICKS,
    RESULT,
    StoredCell,
    checksum,
    facts_checksum,
    table_of,
    to_cell,
    to_curves,
    to_result,
    write_csv,
)
from alrl.studies.store.schema import SCHEMA_VERSION, StoreError, check_mark, connect, create, damaged, explain, migrate

__all__ = ["SCHEMA_VERSION", "Store", "StoreError", "StoredCell", "run_id"]

T = TypeVar("T")


class Store:
    """Cells and their curves in the SQLite file ``path``, which is made if missing, one transaction a cell.

    Write-ahead log with full synchronisation: what :meth:`add` returned from survives ``kill -9`` and a power cut.
    ``read_only`` never changes the file. Raises StoreError if the folder cannot be written, or the file is none of
    alrl's, or of a newer one.

    >>> import tempfile
    >>> curves = Curves(data_set="iris", strategy="margin", learner="softmax-regression", batch=1, seeds=(0,),
    ...                 accuracy=[[0.5, 0.7]], balanced_accuracy=[[0.5, 0.7]], picks=[[3]], first=[3])
    >>> with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "results.sqlite") as store:
    ...     store.add({"data": "iris", "strategy": "margin"}, curves, seconds=1.5)
    ...     store.add({"data": "iris", "strategy": "margin"}, curves, seconds=1.5)
    ...     len(store.finished()), store.curves()[0].accuracy.tolist()
    (1, [[0.5, 0.7]])
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self._provenance: Mapping[str, Any] | None = None
        self._database = connect(self.path, read_only)
        try:
            with self._clear_errors():
                self._prepare(read_only)
        except BaseException:
            self._database.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        if read_only:
            if check_mark(self.path, self._database) < SCHEMA_VERSION:
                self._read_migrated_copy()
            return
        if not self._is_empty():
            # Before anything is changed: it may be a file of someone else.
            check_mark(self.path, self._database)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            if self._is_empty():
                create(self._database)
            version = check_mark(self.path, self._database)
            if version < SCHEMA_VERSION:
                migrate(self._database, version)
        self._database.execute("PRAGMA foreign_keys = ON")

    def _is_empty(self) -> bool:
        return int(self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]) == 0

    def _read_migrated_copy(self) -> None:
        """Migrate a file that is not to be written in memory."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        self._database.backup(copy)
        self._database.close()
        self._database = copy
        with self._transaction():
            migrate(copy, check_mark(self.path, copy))
        copy.execute("PRAGMA query_only = ON")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was added stays."""
        self._database.close()

    def add(
        self,
        cell_spec: Mapping[str, Any],
        curves: Curves,
        seconds: float,
        *,
        cpu_seconds: float | None = None,
        peak_bytes: int | None = None,
        provenance: Mapping[str, Any] | None = None,
        code: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the curves of a finished cell, which replace those of other code; of the same code, they stay.

        ``seconds`` are of wall time; ``provenance`` is that of the process which played it, this one if left out;
        ``code`` the identity of the code that played it (:func:`alrl.recipes.code_identity.code_of`).
        """
        key, played_by = run_id(cell_spec), None if code is None else canonical(code)
        result = to_result(curves)
        check = checksum(canonical(cell_spec), played_by, result)
        with self._clear_errors(), self._transaction():
            if not self._is_finished(key, played_by):
                effort = (seconds, cpu_seconds, peak_bytes)
                self._put_cell(key, cell_spec, "finished", effort, provenance, None, played_by, check)
                self._insert("curves", key, {name: result[name] for name in CURVES})
                self._insert("picks", key, {name: result[name] for name in PICKS})
                for name in OPTIONAL:
                    if result[name] is not None:
                        self._insert(name, key, {name: result[name]})

    def fail(
        self, cell_spec: Mapping[str, Any], traceback: str, *, provenance: Mapping[str, Any] | None = None
    ) -> None:
        """Keep the traceback of a cell that failed; a finished cell stays finished."""
        key = run_id(cell_spec)
        with self._clear_errors(), self._transaction():
            if not self._is_finished(key, None):
                self._put_cell(key, cell_spec, "failed", (None, None, None), provenance, traceback)

    def keep_agent(self, identity: str, name: str, recipe: Mapping[str, Any]) -> None:
        """Keep what the agent that cells name by ``identity`` is, so that a cell can be played again."""
        with self._clear_errors(), self._transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO agents VALUES (?, ?, ?)", (identity, name, canonical(recipe))
            )

    def agent(self, identity: str) -> dict[str, Any] | None:
        """Return the recipe of an agent, by the identity that cells name; None where an older alrl did not keep it."""
        rows = self._read("SELECT recipe FROM agents WHERE identity = ?", identity)
        return self._of(table_of, rows[0][0], identity) if rows else None

    def cells(self, cells: Collection[str] | None = None) -> list[StoredCell]:
        """Return all cells, finished and failed, in the order of adding; or those of ``cells``, in that order."""
        rows = self._read(
            "SELECT run_id, cells.spec, status, seconds, cpu_seconds, peak_bytes, content, traceback, added, code"
            " FROM cells JOIN provenance ON provenance.id = cells.provenance ORDER BY cells.rowid"
        )
        rows_by_id = {row[0]: self._of(to_cell, row, row[0]) for row in rows}
        return [rows_by_id[key] for key in (rows_by_id if cells is None else cells) if key in rows_by_id]

    def finished(self) -> set[str]:
        """Return the ids of the finished cells."""
        return {row[0] for row in self._read("SELECT run_id FROM cells WHERE status = 'finished'")}

    def codes(self) -> dict[str, dict[str, Any] | None]:
        """Return the identity of the code that played each finished cell, by id; None where it is not known."""
        rows = self._read("SELECT run_id, code FROM cells WHERE status = 'finished'")
        return {key: None if code is None else self._of(table_of, code, key) for key, code in rows}

    def failures(self) -> dict[str, str]:
        """Return traceback of each failed cell, by id."""
        return dict(self._read("SELECT run_id, traceback FROM cells WHERE status = 'failed' ORDER BY rowid"))

    def provenances(self, cells: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Return each different provenance of the finished cells once, in the order of adding.

        Of ``cells`` alone if given.
        """
        rows = self._read(
            "SELECT run_id, content FROM cells JOIN provenance ON provenance.id = cells.provenance"
            " WHERE status = 'finished' ORDER BY cells.rowid"
        )
        texts = {text: key for key, text in reversed(rows) if cells is None or key in cells}
        return [self._of(table_of, text, key) for text, key in reversed(texts.items())]

    def curves(self, cells: Collection[str] | None = None) -> list[Curves]:
        """Return the curves of the finished cells in the order of adding.

        Or those of the ids ``cells``, in that order. Raises StoreError that names a cell which is not as it was stored.
        """
        names = ("run_id", *RESULT)
        rows = self._read(
            f"SELECT {', '.join(names)}, cells.spec, code, checksum"  # noqa: S608 - names of columns, written above
            " FROM curves JOIN picks USING (run_id) JOIN cells USING (run_id)"
            f"{''.join(f' LEFT JOIN {table} USING (run_id)' for table in OPTIONAL)} ORDER BY cells.rowid"
        )
        rows_by_id = {row[0]: row[1:] for row in rows}
        finished = self.finished()
        lost = sorted((finished if cells is None else finished & set(cells)) - set(rows_by_id))
        if lost:
            raise damaged(self.path, lost[0], "it is finished, and its curves are not there")
        wanted = rows_by_id if cells is None else cells
        return [self._to_curves(key, rows_by_id[key]) for key in wanted if key in rows_by_id]

    def export_csv(self, path: Path | str, cells: Collection[str] | None = None) -> Path:
        """Write one row for each cell, seed and label count to ``path``, in one step."""
        return write_csv(Path(path), self.curves(cells))

    def _is_finished(self, key: str, played_by: str | None) -> bool:
        """Return whether a cell is finished, by that code if one is given."""
        query = "SELECT code FROM cells WHERE run_id = ? AND status = 'finished'"
        row = self._database.execute(query, (key,)).fetchone()
        return row is not None and (played_by is None or row[0] == played_by)

    def _put_cell(
        self,
        key: str,
        spec: Mapping[str, Any],
        status: str,
        effort: tuple[float | None, float | None, int | None],
        origin: Mapping[str, Any] | None,
        traceback: str | None,
        code: str | None = None,
        check: str | None = None,
    ) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        facts = (status, *effort, self._put_provenance(origin), traceback, now)
        also = facts_checksum(self._database, dict(zip(FACTS, facts, strict=True)))
        self._database.execute("DELETE FROM cells WHERE run_id = ?", (key,))
        row = (key, canonical(spec), *facts, code, check, also)
        self._database.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _put_provenance(self, origin: Mapping[str, Any] | None) -> str:
        """Return the id of a provenance, which is kept once whatever the time that it was asked for."""
        if origin is None:
            if self._provenance is None:
                self._provenance = provenance()
            origin = self._provenance
        key = content_id(canonical({name: value for name, value in origin.items() if name != "time"}))
        self._database.execute("INSERT OR IGNORE INTO provenance VALUES (?, ?)", (key, canonical(origin)))
        return key

    def _insert(self, table: str, key: str, row: Mapping[str, Any]) -> None:
        names, marks = ", ".join(("run_id", *row)), ", ".join("?" * (len(row) + 1))
        self._database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", (key, *row.values()))  # noqa: S608

    def _read(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with self._clear_errors():
            return self._database.execute(query, values).fetchall()

    def _of(self, make: Callable[[Any], T], stored: Any, key: str) -> T:
        try:
            return make(stored)
        except ValueError as error:
            raise damaged(self.path, key, str(error)) from error

    def _to_curves(self, key: str, row: tuple[Any, ...]) -> Curves:
        *values, spec, code, check = row
        result = dict(zip(RESULT, values, strict=True))
        try:
            return to_curves(result, spec, code, check)
        except ValueError as error:
            raise damaged(self.path, key, str(error), f"{result['strategy']} on {result['data_set']}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        try:
            self._database.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # A full disk makes SQLite roll back by itself.
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise explain(self.path, error) from error


RESULTS = "results.sqlite"
STUDY = "study.json"
