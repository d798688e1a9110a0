"""Rows of the results file, between Python and SQLite."""

from __future__ import annotations

import hashlib
import io
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alrl.data.pool_truth import KINDS
from alrl.evaluation.curves import Curves
from alrl.evaluation.spreadsheet import SpreadsheetWriter

CSV_HEADER = (
    "data_set",
    "strategy",
    "learner",
    "batch",
    "seed",
    "first",
    "labels",
    "record",
    "accuracy",
    "balanced_accuracy",
)
"""Columns of the exported curves: ``labels`` counts queries, ``record`` is the row that the last of them bought,
``learner`` names the condition too."""
WASTED = "wasted"
"""Column beside them in a study with contaminated pools: what that record was, ``useful`` or one of the others of
:data:`alrl.data.pool_truth.KINDS`."""


ARRAYS = ("seeds", "accuracy", "balanced_accuracy", "picks", "first")
CURVES = ("data_set", "strategy", "learner", "batch", "seeds", "accuracy", "balanced_accuracy")
PICKS = ("first", "picks")
OPTIONAL = ("wasted", "guarded", "unfitted_rounds")
"""Each in a table of its own, of that name."""
RESULT = (*CURVES, *PICKS, *OPTIONAL)
"""Columns of a result, over all tables."""


@dataclass(frozen=True, kw_only=True)
class StoredCell:
    """Stored facts of a cell beside its curves."""

    id: str
    spec: Mapping[str, Any]
    finished: bool
    seconds: float | None
    """Wall time; None for a cell that failed."""
    cpu_seconds: float | None
    """Of the process that played it; None where an older alrl wrote the cell, or it failed."""
    peak_bytes: int | None
    """Most memory that the process held while it played; None where it is not known."""
    provenance: Mapping[str, Any]
    traceback: str | None
    added: str
    """When it was stored, UTC."""
    code: Mapping[str, Any] | None
    """Identity of the code that played it (:func:`alrl.recipes.code_identity.code_of`); None of an older alrl."""


def to_cell(row: tuple[Any, ...]) -> StoredCell:
    """Return a cell from its row of the table, joined with its provenance.

    Raises ValueError if a column that holds a table as JSON holds anything else.
    """
    key, spec, status, seconds, cpu_seconds, peak_bytes, content, traceback, added, code = row
    return StoredCell(
        id=key,
        spec=table_of(spec),
        finished=status == "finished",
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_bytes=peak_bytes,
        provenance=table_of(content),
        traceback=traceback,
        added=added,
        code=None if code is None else table_of(code),
    )


def table_of(text: str) -> dict[str, Any]:
    """Return the table that a column holds as JSON. Raises ValueError if it holds anything else."""
    try:
        table = dict(json.loads(text))
        # Without an identity, such as with NaN, it is none of alrl's.
        json.dumps(table, allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"{str(text)[:40]!r} is no table") from error
    return table


def to_result(curves: Curves) -> dict[str, Any]:
    """Return the columns of a result as they are stored, None where the curves have no such part."""
    result = {name: getattr(curves, name) for name in RESULT}
    arrays = {name: to_npy(np.asarray(result[name])) for name in (*ARRAYS, *OPTIONAL) if result[name] is not None}
    return {**result, **arrays}


def checksum(spec: str, code: str | None, result: Mapping[str, Any]) -> str:
    """Return SHA-256 of a finished cell as it is stored: its specification, its code and every column of its result."""
    digest = hashlib.sha256()
    for value in (spec, code, *(result.get(name) for name in RESULT)):
        part = b"" if value is None else value if isinstance(value, bytes) else str(value).encode()
        # With its length, lest what one column loses another gains.
        digest.update(f"{-1 if value is None else len(part)}:".encode() + part)
    return digest.hexdigest()


FACTS = ("status", "seconds", "cpu_seconds", "peak_bytes", "provenance", "traceback", "added")
"""Columns of a cell beside its specification, its code and its result."""


def facts_checksum(database: sqlite3.Connection, facts: Mapping[str, Any]) -> str:
    """Return SHA-256 of what is stored of a cell beside its result: the columns FACTS, and its provenance as text."""
    text = database.execute("SELECT content FROM provenance WHERE id = ?", (facts["provenance"],)).fetchone()
    return hashlib.sha256(repr(([facts[name] for name in FACTS], text)).encode()).hexdigest()


def to_curves(result: Mapping[str, Any], spec: str, code: str | None, check: str | None) -> Curves:
    """Return curves from the columns of a result as they are stored, with their checksum if there is one.

    Raises ValueError if they are not as they were stored.
    """
    if check is not None and check != checksum(spec, code, result):
        raise ValueError("its checksum is another")
    if not all(isinstance(result[name], str) for name in ("data_set", "strategy", "learner")):
        # The checksum is of bytes, whatever SQLite takes them for.
        raise ValueError("one of its names is no text")
    arrays: dict[str, Any] = {name: from_npy(result[name]) for name in (*ARRAYS, *OPTIONAL) if result[name] is not None}
    plain = {name: result[name] for name in CURVES if name not in ARRAYS}
    condition = str(table_of(spec).get("condition", ""))
    # Before 0.2 the condition stood behind the learner's name.
    plain |= {"learner": plain["learner"].removesuffix(f", {condition}"), "condition": condition}
    return Curves(**plain, seeds=tuple(arrays.pop("seeds").tolist()), **arrays)


def to_npy(array: np.ndarray) -> bytes:
    """Return an array as the bytes of a .npy file, without pickles."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def from_npy(blob: bytes) -> np.ndarray:
    """Return the array of such bytes. Raises ValueError if they are none, or tell of another shape than they hold."""
    buffer = io.BytesIO(blob)
    version = np.lib.format.read_magic(buffer)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(buffer)
    if math.prod(shape) * dtype.itemsize != len(blob) - buffer.tell():
        # Before memory is asked for: a made-up shape must not fill it.
        raise ValueError(f"shape {shape} of {dtype} told, {len(blob) - buffer.tell()} bytes held")
    return np.lib.format.read_array(io.BytesIO(blob), allow_pickle=False)


def write_csv(path: Path, curves: Sequence[Curves]) -> Path:
    """Write one row for each curve, seed and label count to ``path``, in one step."""
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = SpreadsheetWriter(file)
        header = csv_header(curves)
        writer.writerow(header)
        for each in curves:
            writer.writerows(csv_rows(each, header))
    return part.replace(path)


def csv_header(curves: Iterable[Curves]) -> tuple[str, ...]:
    """Return the columns of these curves: ``CSV_HEADER``, and what was wasted if that is known of any."""
    return (*CSV_HEADER, WASTED) if any(each.wasted is not None for each in curves) else CSV_HEADER


def csv_rows(curves: Curves, header: Sequence[str] = CSV_HEADER) -> Iterator[list[Any]]:
    """Yield one row for each seed and label count, in the order of the ``header``; what was wasted if that is in it."""
    names = [curves.data_set, curves.strategy, curves.setting, curves.batch]
    for row, seed in enumerate(curves.seeds):
        for labels in range(curves.labels + 1):
            record = "" if labels == 0 else int(curves.picks[row, labels - 1])
            values = [float(curves.accuracy[row, labels]), float(curves.balanced_accuracy[row, labels])]
            wasted = [_kind(curves, row, labels)] if WASTED in header else []
            yield [*names, seed, int(curves.first[row]), labels, record, *values, *wasted]


def _kind(curves: Curves, row: int, labels: int) -> str:
    """Return what the record was that the last of the ``labels`` bought.

    Empty where none did, or the pool was clean.
    """
    code = -1 if curves.wasted is None or labels == 0 else int(curves.wasted[row, labels - 1])
    return "" if code < 0 else KINDS[code]
