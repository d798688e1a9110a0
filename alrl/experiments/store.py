"""Results of a study in one SQLite file: a finished cell is never lost and never doubled."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from alrl.errors import AlrlError
from alrl.experiments.provenance import provenance
from alrl.loop.curves import Curves

SCHEMA_VERSION = 1
APPLICATION_ID = 0x616C726C
"""Marks the file as alrl's: "alrl" in ASCII."""

_SCHEMA = """
CREATE TABLE cells (
    run_id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('finished', 'failed')),
    seconds REAL,
    provenance TEXT NOT NULL,
    traceback TEXT,
    added TEXT NOT NULL
) STRICT;
CREATE TABLE curves (
    run_id TEXT PRIMARY KEY REFERENCES cells (run_id) ON DELETE CASCADE,
    data_set TEXT NOT NULL,
    strategy TEXT NOT NULL,
    learner TEXT NOT NULL,
    batch INTEGER NOT NULL,
    seeds BLOB NOT NULL,
    accuracy BLOB NOT NULL,
    balanced_accuracy BLOB NOT NULL,
    picks BLOB NOT NULL,
    first BLOB NOT NULL
) STRICT;
"""
_ARRAYS = ("seeds", "accuracy", "balanced_accuracy", "picks", "first")


class StoreError(AlrlError):
    """A results file that cannot be opened, written or read."""


def run_id(spec: Mapping[str, Any]) -> str:
    """The identity of a cell: sha256 of its specification as canonical JSON, whatever the order of its keys.

    >>> run_id({"data": "iris", "seeds": [0, 1]}) == run_id({"seeds": [0, 1], "data": "iris"})
    True
    """
    return hashlib.sha256(_canonical(spec).encode()).hexdigest()


class Store:
    """Cells and their curves in the SQLite file ``path``, which is made if missing, one transaction a cell.

    Write-ahead log with full synchronisation: what :meth:`add` returned from survives ``kill -9`` and a power cut.
    ``read_only`` never changes the file and asks for no right to write. Raises StoreError if the folder cannot be
    written, the file is no results file, or a newer alrl wrote it.

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
        self._provenance: dict[str, Any] | None = None
        self._database = _connect(self.path, read_only)
        try:
            self._prepare(read_only)
        except BaseException:
            self._database.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        with self._clear_errors():
            if not read_only:
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = FULL")
                self._database.execute("PRAGMA foreign_keys = ON")
                with self._transaction():
                    if self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                        self._create()
            mark = self._database.execute("PRAGMA application_id").fetchone()[0]
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if mark != APPLICATION_ID:
            raise StoreError(f"{self.path} is a SQLite file that alrl did not write: give another path")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has schema {version}, written by a newer alrl; this one reads up to {SCHEMA_VERSION}: "
                "upgrade with pip install --upgrade alrl"
            )

    def _create(self) -> None:
        # One statement at a time: executescript would commit before the schema is whole.
        for statement in filter(str.strip, _SCHEMA.split(";")):
            self._database.execute(statement)
        self._database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was added stays."""
        self._database.close()

    def add(self, cell_spec: Mapping[str, Any], curves: Curves, seconds: float) -> None:
        """Keep the curves of a finished cell; a cell that is finished already stays as it is."""
        key = run_id(cell_spec)
        row = {name: getattr(curves, name) for name in ("data_set", "strategy", "learner", "batch")}
        row |= {name: _to_npy(np.asarray(getattr(curves, name))) for name in _ARRAYS}
        with self._clear_errors(), self._transaction():
            if not self._is_finished(key):
                self._put_cell(key, cell_spec, "finished", seconds, None)
                names = ", ".join(("run_id", *row))
                marks = ", ".join("?" * (len(row) + 1))
                self._database.execute(f"INSERT INTO curves ({names}) VALUES ({marks})", (key, *row.values()))  # noqa: S608

    def fail(self, cell_spec: Mapping[str, Any], traceback: str) -> None:
        """Keep the traceback of a cell that failed; a finished cell stays finished."""
        key = run_id(cell_spec)
        with self._clear_errors(), self._transaction():
            if not self._is_finished(key):
                self._put_cell(key, cell_spec, "failed", None, traceback)

    def finished(self) -> set[str]:
        """The ids of the finished cells."""
        return {row[0] for row in self._read("SELECT run_id FROM cells WHERE status = 'finished'")}

    def failures(self) -> dict[str, str]:
        """Traceback of each failed cell, by id."""
        return dict(self._read("SELECT run_id, traceback FROM cells WHERE status = 'failed' ORDER BY rowid"))

    def seconds(self) -> float:
        """Wall time of the finished cells together."""
        return float(self._read("SELECT total(seconds) FROM cells")[0][0])

    def provenances(self, cells: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Each different provenance of the finished cells once, in the order of adding; of ``cells`` alone if given."""
        rows = self._read("SELECT run_id, provenance FROM cells WHERE status = 'finished' ORDER BY rowid")
        texts = dict.fromkeys(text for key, text in rows if cells is None or key in cells)
        return [json.loads(text) for text in texts]

    def curves(self, cells: Collection[str] | None = None) -> list[Curves]:
        """The curves of the finished cells in the order of adding; or those of the ids ``cells``, in that order."""
        names = ("run_id", "data_set", "strategy", "learner", "batch", *_ARRAYS)
        rows = self._read(f"SELECT {', '.join(names)} FROM curves JOIN cells USING (run_id) ORDER BY cells.rowid")  # noqa: S608
        held = {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in rows}
        return [self._to_curves(held[key]) for key in (held if cells is None else cells) if key in held]

    def export_csv(self, path: Path | str, cells: Collection[str] | None = None) -> Path:
        """Write one row for each cell, seed and label count to ``path``, in one step; see :meth:`curves`."""
        target = Path(path)
        part = target.with_name(target.name + ".part")
        header = ["data_set", "strategy", "learner", "batch", "seed", "first", "labels", "record", *_ARRAYS[1:3]]
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            for each in self.curves(cells):
                writer.writerows(_csv_rows(each))
        part.replace(target)
        return target

    def _is_finished(self, key: str) -> bool:
        query = "SELECT 1 FROM cells WHERE run_id = ? AND status = 'finished'"
        return self._database.execute(query, (key,)).fetchone() is not None

    def _put_cell(
        self, key: str, spec: Mapping[str, Any], status: str, seconds: float | None, traceback: str | None
    ) -> None:
        if self._provenance is None:
            self._provenance = provenance()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row = (key, _canonical(spec), status, seconds, _canonical(self._provenance), traceback, now)
        self._database.execute("DELETE FROM cells WHERE run_id = ?", (key,))
        self._database.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def _read(self, query: str) -> list[tuple[Any, ...]]:
        with self._clear_errors():
            return self._database.execute(query).fetchall()

    def _to_curves(self, row: dict[str, Any]) -> Curves:
        try:
            arrays: dict[str, Any] = {name: _from_npy(row.pop(name)) for name in _ARRAYS}
            return Curves(**row, seeds=tuple(arrays.pop("seeds").tolist()), **arrays)
        except ValueError as error:
            raise StoreError(
                f"{self.path} holds damaged curves of {row['strategy']} on {row['data_set']} ({error}): "
                "restore the file from a copy, or delete it and run the study again"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explain(self.path, error) from error


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    if read_only and not path.is_file():
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
        raise _explain(path, error) from error


def _explain(path: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return StoreError(
            f"{path} is no SQLite file or is damaged ({text}): give another path or restore it from a copy"
        )
    if "locked" in text:
        return StoreError(f"{path} is being written by another process ({text}): wait for it or end it")
    if "unable to open" in text or "readonly" in text:
        return StoreError(
            f"{path} cannot be written ({text}): check the rights of {path.parent} or choose another folder"
        )
    return StoreError(f"{path} failed ({text}): check the space and the rights of {path.parent}")


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _to_npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _from_npy(blob: bytes) -> np.ndarray:
    return np.lib.format.read_array(io.BytesIO(blob), allow_pickle=False)


def _csv_rows(curves: Curves) -> Iterator[list[Any]]:
    names = [curves.data_set, curves.strategy, curves.learner, curves.batch]
    for row, seed in enumerate(curves.seeds):
        for labels in range(curves.labels + 1):
            record = "" if labels == 0 else int(curves.picks[row, labels - 1])
            values = [float(curves.accuracy[row, labels]), float(curves.balanced_accuracy[row, labels])]
            yield [*names, seed, int(curves.first[row]), labels, record, *values]
