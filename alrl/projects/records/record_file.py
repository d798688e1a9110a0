"""Records of a project on disk: typed columns in one NumPy archive, read without unpickling anything."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alrl.errors import InvalidDataError, ProjectError
from alrl.numerics.arguments import is_absent

_COLUMNS = "columns"


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(file: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Write a file in one step: a kill leaves the old one or the new one, and it is on the disk when this returns.

    Raises ProjectError where it cannot be written.
    """
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ProjectError(
            f"{file} cannot be written ({error.strerror}); make room, or see who owns the folder"
        ) from None
    return file


def write_records(file: Path, frame: pd.DataFrame) -> Path:
    """Write the columns of ``frame``: numbers, booleans, times and text, each with missing values where it has them.

    Raises InvalidDataError for a column of anything else, such as lists.
    """
    arrays: dict[str, NDArray[Any]] = {}
    kinds = []
    for place, name in enumerate(frame.columns):
        kind, packed = _packed(str(name), frame.iloc[:, place])
        kinds.append({"name": str(name), "kind": kind})
        arrays |= {f"{place:06d}.{part}": array for part, array in packed.items()}
    described = np.frombuffer(json.dumps({"columns": kinds, "records": len(frame)}).encode(), dtype=np.uint8)
    parts: dict[str, Any] = {_COLUMNS: described, **arrays}
    return write_whole(file, lambda stream: np.savez(stream, **parts))


def read_records(file: Path, only: str | None = None, rows: NDArray[np.int64] | None = None) -> pd.DataFrame:
    """Read what :func:`write_records` wrote: the column ``only`` and the ``rows`` at these places, or all of it.

    Raises ProjectError where it is gone or damaged.

    >>> import tempfile
    >>> frame = pd.DataFrame({"age": [31.0, None], "town": ["Ulm", None]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_records(write_records(Path(folder) / "records.npz", frame)).to_dict("list")
    {'age': [31.0, nan], 'town': ['Ulm', None]}
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            described = json.loads(archive[_COLUMNS].tobytes())
            columns = {
                column["name"]: _unpacked(column["kind"], f"{place:06d}", archive, rows)
                for place, column in enumerate(described["columns"])
                if only is None or column["name"] == only
            }
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ProjectError(f"{file} is gone or damaged ({error}); put the project's backup in its place") from None
    return pd.DataFrame(columns, index=range(described["records"] if rows is None else len(rows)))


def _packed(name: str, column: pd.Series[Any]) -> tuple[str, dict[str, NDArray[Any]]]:
    if pd.api.types.is_datetime64_any_dtype(column):
        times = column.dt.tz_localize(None) if getattr(column.dt, "tz", None) is not None else column
        return "time", {"values": times.to_numpy("datetime64[ns]").astype(np.int64)}
    if pd.api.types.is_bool_dtype(column) and not column.hasnans:
        return "boolean", {"values": column.to_numpy(bool)}
    if pd.api.types.is_numeric_dtype(column):
        if pd.api.types.is_integer_dtype(column) and not column.hasnans:
            return "whole", {"values": column.to_numpy(np.int64)}
        return "number", {"values": column.to_numpy(np.float64, na_value=np.nan)}
    return "text", _packed_text(name, column.astype(object).tolist())


def _packed_text(name: str, values: list[Any]) -> dict[str, NDArray[Any]]:
    missing = np.array(list(map(is_absent, values)), dtype=bool)
    kept = ["" if gone else value for value, gone in zip(values, missing, strict=True)]
    strange = next((value for value in kept if not isinstance(value, str | int | float | bool)), None)
    if strange is not None:
        raise InvalidDataError(
            f"column {name!r} holds {type(strange).__name__} values; a project keeps numbers, booleans, times and text:"
            " convert the column, or drop it"
        )
    encoded = [str(value).encode("utf-8", "surrogatepass") for value in kept]
    ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
    return {"values": np.frombuffer(b"".join(encoded), dtype=np.uint8), "ends": ends, "missing": missing}


def _unpacked(kind: str, place: str, arrays: Mapping[str, NDArray[Any]], rows: NDArray[np.int64] | None) -> Any:
    values = arrays[f"{place}.values"]
    if rows is not None and kind != "text":
        values = values[rows]
    if kind == "time":
        return values.astype("datetime64[ns]")
    if kind != "text":
        return values
    whole, ends, missing = values.tobytes(), arrays[f"{place}.ends"].tolist(), arrays[f"{place}.missing"].tolist()
    texts, start = np.empty(len(ends), dtype=object), 0
    for row, (end, gone) in enumerate(zip(ends, missing, strict=True)):
        texts[row] = None if gone else whole[start:end].decode("utf-8", "surrogatepass")
        start = end
    return texts if rows is None else texts[rows]
