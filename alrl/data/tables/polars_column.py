"""Columns of polars frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.data.arrays import may_be_inexact
from alrl.data.tables.label import feature_level
from alrl.data.tables.python_values import read_label, read_objects
from alrl.data.tables.table import Values, as_texts, with_levels
from alrl.errors import InvalidDataError, MissingPackageError


def import_polars() -> Any:
    """Return the module. Raises MissingPackageError where it is not installed."""
    try:
        import polars as pl
    except ImportError:
        raise MissingPackageError(
            "Parquet and Arrow files need polars; install it with pip install polars, or save the table as .csv or .npz"
        ) from None
    return pl


def read_column(series: Any, column: str, *, is_label: bool = False) -> Values:  # noqa: PLR0911 - a case a line
    """Return a column: of classes as the text they are, else as numbers, dates, or text with its levels.

    A categorical column stays one though its categories are numbers. Raises InvalidDataError for structures, bytes and
    lists of unequal length.
    """
    types = import_polars()
    kind: Any = series.dtype
    if is_label:
        return read_label(series.to_list(), column)
    if kind in {types.Categorical, types.Enum}:
        return with_levels(as_texts(series.cast(types.String).to_list()), feature_level)
    if kind.is_numeric() or kind in {types.Boolean, types.Null}:
        numbers = np.array(series.cast(types.Float64).to_numpy(), np.float64)
        exact = kind.is_float() or not may_be_inexact(numbers)
        return numbers if exact else read_objects(series.to_list(), column)
    if kind in {types.Date, types.Datetime}:
        return np.array(series.cast(types.Datetime("us")).to_numpy(), "datetime64[us]")
    if kind == types.Duration:
        return np.array(series.dt.total_microseconds().cast(types.Float64).to_numpy(), np.float64) / 1e6
    if kind == types.Time:
        return np.array(series.cast(types.Int64).cast(types.Float64).to_numpy(), np.float64) / 1e9
    if kind.is_nested() and isinstance(kind, types.Array):
        return _array(series, column)
    if kind in {types.Struct, types.Binary}:
        raise InvalidDataError(
            f"column {column!r} holds {kind}; give numbers, text, dates or arrays of numbers, or leave it out with drop"
        )
    return read_objects(series.to_list(), column)


def _array(series: Any, column: str) -> Values:
    flat = series.explode()
    if (
        series.null_count()
        or flat.null_count()
        or not (flat.dtype.is_numeric() or flat.dtype == import_polars().Boolean)
    ):
        raise InvalidDataError(
            f"column {column!r} holds {series.dtype} with gaps or without numbers; fill them, or leave it out with drop"
        )
    return np.asarray(flat.to_numpy(), dtype=np.float64).reshape(len(series), -1)
