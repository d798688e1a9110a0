"""Parquet files as pools that are written to ``.npy`` once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from alrl.data.arrays import refuse_merged
from alrl.data.tables.polars_column import import_polars
from alrl.errors import InvalidDataError
from alrl.recipes.regular_files import irregular
from alrl.recipes.suggest import unknown

if TYPE_CHECKING:
    import os

    import polars as pl

_ROWS = 65_536


def npy_from_parquet(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    dtype: DTypeLike = np.float32,
) -> Path:
    """Write features in a Parquet file to a ``.npy`` file that can be memory-mapped, some thousand records at a time.

    Args:
        source: the Parquet file.
        target: the ``.npy`` file, which is overwritten once all is read; its path is returned.
        columns: those to take, in this order, each once: numbers, booleans or arrays of numbers; by default all.
        dtype: precision to store, ``float32`` or ``float16`` as a rule.

    Raises InvalidDataError for a file that is none, no column, an unknown one or one given twice, a column that holds
    no numbers, missing values, a number that the precision cannot hold, different integers that are one float, and
    without the extra ``parquet``.
    """
    file, written = Path(source), Path(target)
    lazy = _opened(file)
    names = lazy.collect_schema().names()
    wanted = names if columns is None else [columns] if isinstance(columns, str) else list(columns)
    for name in wanted:
        if name not in names:
            raise InvalidDataError(f"{file.name}: " + unknown("column", name, names))
    if not wanted or len(set(wanted)) < len(wanted):
        raise InvalidDataError(
            f"columns = {wanted} given; name at least one of {file.name}, each once; all if left out"
        )
    lazy = lazy.select(wanted)
    records = int(lazy.select(import_polars().len()).collect().item())
    if not records:
        raise InvalidDataError(f"{file.name} has no records; a pool needs at least one")
    # Beside the target first: a fault in a late record leaves what was there before.
    part = written.with_name(f"{written.name}.part")
    try:
        _write(part, file, lazy, records, np.dtype(dtype))
        part.replace(written)
    finally:
        part.unlink(missing_ok=True)
    return written


def _write(part: Path, file: Path, lazy: pl.LazyFrame, records: int, dtype: np.dtype[Any]) -> None:
    array: np.memmap[Any, Any] | None = None
    start = 0
    for frame in lazy.collect_batches(chunk_size=_ROWS, maintain_order=True):
        X = _numbers(file, frame, dtype)
        if array is None:
            array = np.lib.format.open_memmap(part, mode="w+", dtype=X.dtype, shape=(records, X.shape[1]))
        if X.shape[1] != array.shape[1]:
            raise InvalidDataError(
                f"{file.name}: {array.shape[1]} numbers a record up to record {start}, then {X.shape[1]}; give"
                " embeddings of one length"
            )
        array[start : start + len(X)] = X
        start += len(X)
    if array is not None:
        array.flush()


def _opened(file: Path) -> pl.LazyFrame:
    polars = import_polars()
    if kind := irregular(file):
        raise InvalidDataError(f"{file} is {kind}, not a regular file; give the path of a .parquet file")
    if not file.is_file():
        raise InvalidDataError(f"there is no file {file} (looked from {Path.cwd()}); give the path of a .parquet file")
    try:
        lazy: pl.LazyFrame = polars.scan_parquet(file)
        lazy.collect_schema()
    except polars.exceptions.PolarsError as error:
        raise InvalidDataError(f"{file.name} is no Parquet file ({str(error).splitlines()[0]})") from None
    return lazy


def _refuse_missing(file: Path, frame: pl.DataFrame) -> None:
    counts = {column.name: column.null_count() for column in frame.iter_columns()}
    holes = [f"{name} ({count})" for name, count in counts.items() if count]
    if holes:
        shown = ", ".join(holes[:5]) + (", ..." if len(holes) > 5 else "")
        raise InvalidDataError(
            f"{file.name} has missing values in {len(holes)} columns: {shown}; impute them (such as the column mean) or"
            " drop those records"
        )


def _numbers(file: Path, frame: pl.DataFrame, dtype: np.dtype[Any]) -> NDArray[Any]:
    _refuse_missing(file, frame)
    return np.concatenate([_stored(file, column, dtype) for column in frame.iter_columns()], 1)


def _stored(file: Path, column: pl.Series, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a column as it is written, (records, width)."""
    X = _numeric(file, column)
    if dtype.kind == "f":
        refuse_merged(X, file.name, [column.name] * X.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        stored = X.astype(dtype)
    lost = np.isfinite(X) & ~np.isfinite(stored) if dtype.kind == "f" else stored != X
    if lost.any():
        raise InvalidDataError(
            f"{file.name} holds {int(lost.sum())} numbers that {dtype} cannot hold in column {column.name!r}, such as"
            f" {X[lost][0]:g}; give a wider dtype or rescale them"
        )
    return stored


def _numeric(file: Path, column: pl.Series) -> NDArray[Any]:
    """Return a column of numbers or of arrays of numbers, (records, width), integers as they are."""
    polars = import_polars()
    kind: Any = column.dtype
    inner = kind
    if kind.is_nested() and isinstance(kind, polars.List | polars.Array):
        widths: Iterable[int] = column.list.len().unique() if isinstance(kind, polars.List) else [kind.size]
        inner = kind.inner
        if len(set(widths)) == 1 and (inner.is_numeric() or inner == polars.Boolean):
            flat = column.explode()
            if not flat.null_count():
                return _whole_or_float(flat).reshape(len(column), -1)
    elif inner.is_numeric() or inner == polars.Boolean:
        return _whole_or_float(column)[:, None]
    raise InvalidDataError(
        f"{file.name}: column {column.name!r} holds {kind}; expected numbers, or arrays of numbers of one length"
    )


def _whole_or_float(column: pl.Series) -> NDArray[Any]:
    values = column.to_numpy()
    return values if values.dtype.kind in "iu" else np.asarray(values, dtype=np.float64)
