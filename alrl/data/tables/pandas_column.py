"""Columns of pandas frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.data.arrays import is_inexact, may_be_inexact
from alrl.data.tables.label import feature_level
from alrl.data.tables.python_values import read_label, read_objects
from alrl.data.tables.table import Texts, Values, with_levels
from alrl.errors import InvalidDataError


def read_column(series: Any, column: str, *, is_label: bool = False) -> Values:  # noqa: PLR0911 - a case a line
    """Return a column: of classes as the text they are, else as numbers, dates, or text with its levels.

    A categorical column stays one though its categories are numbers. Raises InvalidDataError for complex numbers and
    for objects that are neither numbers, text, dates nor arrays of numbers.
    """
    from pandas.api import types

    kind = series.dtype
    if is_label:
        return read_label(objects_of(series), column)
    if isinstance(kind, types.CategoricalDtype):
        levels = Texts(
            codes=series.cat.codes.to_numpy(np.int32), levels=[str(category) for category in kind.categories]
        )
        return with_levels(levels, feature_level)
    if types.is_complex_dtype(kind):
        raise InvalidDataError(f"column {column!r} holds complex numbers; give their parts as columns of their own")
    if types.is_numeric_dtype(kind):
        numbers = np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)
        exact = types.is_float_dtype(kind) or not may_be_inexact(numbers)
        return numbers if exact else read_objects(objects_of(series), column)
    if types.is_datetime64_any_dtype(kind):
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(kind, "tz", None) is not None else series
        return np.asarray(naive.to_numpy("datetime64[us]"))
    if types.is_timedelta64_dtype(kind):
        return np.asarray(series.dt.total_seconds().to_numpy(np.float64))
    if hasattr(series, "dt") and hasattr(series.dt, "to_timestamp"):
        return np.asarray(series.dt.to_timestamp().to_numpy("datetime64[us]"))
    return read_objects(objects_of(series), column)


def objects_of(series: Any) -> list[Any]:
    """Return the values as Python objects, None where missing."""
    missing = series.isna().to_numpy()
    return [None if gone else value for value, gone in zip(series.tolist(), missing, strict=True)]


def holds_inexact(series: Any) -> bool:
    """Return whether some value is an integer that no float holds: such columns are words.

    >>> import pandas as pd
    >>> [holds_inexact(pd.Series(values)) for values in ([1, 2**53 + 1], [1, 2**53], [1e300])]
    [True, False, False]
    """
    from pandas.api import types

    whole = types.is_integer_dtype(series.dtype)
    may_be = may_be_inexact(series.to_numpy(np.float64, na_value=np.nan)) if whole else series.dtype == object
    return bool(may_be and any(map(is_inexact, objects_of(series))))


def is_text(series: Any) -> bool:
    """Return whether every value that is not missing is text, in a column that is not categorical.

    >>> import pandas as pd
    >>> is_text(pd.Series(["a", None])), is_text(pd.Series(["a", 1])), is_text(pd.Series(["a"], dtype="category"))
    (True, False, False)
    """
    import pandas as pd

    types = pd.api.types
    text = types.is_object_dtype(series.dtype) and types.is_string_dtype(series.dropna())
    return bool(text) or isinstance(series.dtype, pd.StringDtype)
