"""Records as people hold them: arrays, sparse matrices, tensors, frames, lists of text, each as its model eats it."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alrl.data.arrays import may_be_inexact, refuse_merged
from alrl.data.tables.pandas_column import holds_inexact
from alrl.errors import OUT_OF_SCOPE, InvalidDataError

RecordsKind = Literal["matrix", "sparse", "frame", "text", "array", "others"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Records:
    """n records of one argument, and what is known of them without asking anybody."""

    name: str
    """The argument, for errors."""
    kind: RecordsKind
    """``matrix`` of numbers (n, D), ``sparse``, ``frame`` with text or gaps in it, ``text`` (n,), ``array`` of numbers
    with more axes than two, or ``others``: what no rule here reads."""
    given: Any
    """As it is given to the model."""
    value: Any
    """A float64 array (n, D) or (n, ...), a CSR matrix, a pandas frame, a list of strings, or as given."""
    count: int
    """n."""
    columns: tuple[Any, ...] | None = None
    """Names of the columns of a frame."""
    ids: NDArray[Any] | None = None
    """Index labels of a pandas frame or series, (n,)."""

    def __len__(self) -> int:
        return self.count

    @property
    def width(self) -> int | None:
        """Number of columns, where it is a table."""
        return int(self.value.shape[1]) if self.kind in {"matrix", "sparse", "frame"} else None


def read_records(X: Any, name: str) -> Records:
    """Return the records of one argument.

    Columns of a frame with integers that no float holds are words. Raises InvalidDataError for what has no records: a
    number, a generator, a vector of numbers, lists of numbers of unequal length; and for other containers in which
    different integers are one float.
    """
    if _is_polars(X) and hasattr(X, "collect"):
        X = X.collect()
    if _is_frame(X):
        return _read_frame(X, name)
    if _is_series(X):
        return _read_series(X, name)
    if hasattr(X, "tocsr"):
        return _read_sparse(X, name)
    if hasattr(X, "detach"):
        X = X.detach().cpu().numpy() if X.dtype.is_floating_point else X.cpu().numpy()
    elif not hasattr(X, "__len__") or isinstance(X, str | bytes | dict):
        raise InvalidDataError(
            f"{name} is a {type(X).__name__}; give an array, a sparse matrix, a tensor, a frame or a list, one entry a"
            " record"
        )
    return _read_array(X, name)


def _read_array(X: Any, name: str) -> Records:
    if isinstance(X, np.ma.MaskedArray):
        refuse_merged(X.filled(0).reshape(len(X), -1), name)
        X = np.ma.filled(X.astype(np.float64), np.nan)
    if isinstance(X, list | tuple) and any(isinstance(each, str) for each in X):
        # NumPy would make the text "nan" of what is missing.
        _refuse_lacking(X, name)
    try:
        array = np.asarray(X)
    except ValueError:
        if all(isinstance(row, Sequence) and all(isinstance(each, int | float) for each in row) for row in X):
            raise InvalidDataError(f"{name} holds lists of unequal length; {OUT_OF_SCOPE}") from None
        return Records(name=name, kind="others", given=X, value=X, count=len(X))
    if array.ndim == 0:
        raise InvalidDataError(f"{name} has shape (); expected (records, features)")
    if array.dtype.kind in "UTS":
        array = array.astype(str).astype(object)
    if array.dtype.kind in "biuf":
        return _numbers(array, name, given=X if isinstance(X, np.ndarray) and not isinstance(X, np.matrix) else array)
    if array.dtype.kind == "c":
        raise InvalidDataError(f"{name} holds complex numbers; give their parts as features of their own")
    return _objects(array, X, name)


def _numbers(array: NDArray[Any], name: str, *, given: Any) -> Records:
    if array.ndim == 1:
        raise InvalidDataError(
            f"{name} has shape {array.shape}; expected (records, features): X.reshape(-1, 1) for one feature,"
            " X.reshape(1, -1) for one record"
        )
    refuse_merged(array.reshape(len(array), math.prod(array.shape[1:])), name)
    kind: RecordsKind = "matrix" if array.ndim == 2 else "array"
    return Records(name=name, kind=kind, given=given, value=array.astype(np.float64), count=len(array))


def _objects(array: NDArray[Any], X: Any, name: str) -> Records:
    """Return objects or dates: numbers in disguise, text, a table of several kinds, or what is not readable here."""
    if array.ndim == 1:
        values = array.tolist()
        if values and all(isinstance(each, str) for each in values):
            return Records(name=name, kind="text", given=X, value=values, count=len(array))
        if any(isinstance(each, str) for each in values):
            _refuse_lacking(values, name)
        return Records(name=name, kind="others", given=X, value=X, count=len(array))
    if array.ndim == 2 and array.dtype.kind in "OMm":
        import pandas as pd

        table = pd.DataFrame(array).infer_objects()
        whole = _as_numbers(table)
        if whole is not None:
            return _numbers(whole, name, given=whole)
        return Records(name=name, kind="frame", given=X, value=table, count=len(array))
    return Records(name=name, kind="others", given=X, value=X, count=len(array))


def _refuse_lacking(values: Sequence[Any], name: str) -> None:
    """Raise InvalidDataError for records without a text among texts: None, or a missing value of another library."""
    # NaN does not equal itself; pandas.NA answers with itself.
    lacking = [place for place, each in enumerate(values) if each is None or operator.eq(each, each) is not True]
    if lacking:
        raise InvalidDataError(
            f"{name} holds text and {len(lacking)} records without any, the first in row {lacking[0]}; give each a"
            " text, or leave those records out"
        )


def _read_sparse(X: Any, name: str) -> Records:
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        raise InvalidDataError(
            f"{name} is sparse of shape {X.shape} and dtype {X.dtype}; expected (records, features), numbers"
        )
    rows = X.tocsr()
    if rows.dtype.kind in "iu" and may_be_inexact(rows.data):
        for column in range(rows.shape[1]):
            refuse_merged(rows[:, [column]].toarray(), name, [column])
    return Records(name=name, kind="sparse", given=rows, value=rows.astype(np.float64), count=int(X.shape[0]))


def _is_polars(X: Any) -> bool:
    return type(X).__module__.partition(".")[0] == "polars"


def _is_frame(X: Any) -> bool:
    return hasattr(X, "columns") and (hasattr(X, "iloc") or (_is_polars(X) and hasattr(X, "to_series")))


def _is_series(X: Any) -> bool:
    return (hasattr(X, "iloc") and not hasattr(X, "columns")) or (_is_polars(X) and hasattr(X, "to_frame"))


def _read_frame(X: Any, name: str) -> Records:
    table = _pandas(X) if _is_polars(X) else X
    columns = tuple(table.columns)
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise InvalidDataError(f"{name} has two columns {twice!r}; give each a name of its own")
    ids = None if _is_polars(X) else table.index.to_numpy()
    whole = _as_numbers(table)
    if whole is not None and whole.shape[1]:
        return replace(_numbers(whole, name, given=X), columns=columns, ids=ids)
    return Records(name=name, kind="frame", given=X, value=table, count=len(table), columns=columns, ids=ids)


def _read_series(X: Any, name: str) -> Records:
    ids = None if _is_polars(X) else X.index.to_numpy()
    values = X.to_list()
    if values and all(isinstance(each, str) for each in values):
        return Records(name=name, kind="text", given=X, value=values, count=len(values), ids=ids)
    if any(isinstance(each, str) for each in values):
        _refuse_lacking(values, name)
    return replace(_read_array(X.to_numpy(), name), given=X, ids=ids)


def _pandas(X: Any) -> Any:
    """Return a polars frame as one of pandas, without pyarrow."""
    import pandas as pd

    columns = {}
    for column in X.columns:
        values = X[column]
        if values.dtype.is_integer() and values.null_count():
            # Floats with gaps would round them.
            kind = "Int64" if values.dtype.is_signed_integer() else "UInt64"
            columns[column] = pd.array(values.to_list(), dtype=kind)
        else:
            columns[column] = values.to_numpy() if values.dtype.is_numeric() else pd.Series(values.to_list())
    return pd.DataFrame(columns)


def _as_numbers(table: Any) -> NDArray[np.float64] | None:
    """Return the table as numbers (n, D), NaN where missing; None where a column holds anything that is no float."""
    from pandas.api import types

    def numeric(kind: Any) -> bool:
        return bool(types.is_numeric_dtype(kind)) and not types.is_complex_dtype(kind)

    if not all(numeric(kind) for kind in table.dtypes):
        return None
    if any(holds_inexact(table.iloc[:, place]) for place in range(table.shape[1])):
        return None
    return np.asarray(table.to_numpy(dtype=np.float64, na_value=np.nan))


def as_pandas(records: Records) -> Any:
    """Return a table of records as a pandas frame."""
    import pandas as pd

    return records.value if records.kind == "frame" else pd.DataFrame(records.value, columns=records.columns)


def polars_or_pandas(given: Any, columns: Sequence[Any]) -> Any:
    """Return the columns of a frame of either library, in this order."""
    return given.select(list(columns)) if _is_polars(given) else given[list(columns)]


def take_columns(records: Records, columns: Sequence[Any]) -> Records:
    """Return the records with these of their columns, in this order."""
    if records.columns is None or records.columns == tuple(columns):
        return records
    lacking = [column for column in columns if column not in records.columns]
    if lacking:
        raise InvalidDataError(
            f"{records.name} lacks the columns {lacking[:3]} ({len(lacking)} in all); it has"
            f" {list(records.columns)[:5]}"
        )
    at = [records.columns.index(column) for column in columns]
    value = records.value.iloc[:, at] if records.kind == "frame" else records.value[:, at]
    given = polars_or_pandas(records.given, columns)
    return replace(records, given=given, value=value, columns=tuple(columns))


def as_model_eats(model: Any, records: Records) -> Any:
    """Return the records as a model wants them: the columns that it knows, in its order.

    Numbers where it knows no names.
    """
    names = getattr(model, "feature_names_in_", None)
    if records.columns is None:
        return records.given
    if names is None:
        plain = records.kind == "matrix" and hasattr(model, "n_features_in_")
        return records.value if plain else records.given
    names = list(names)
    if records.kind == "matrix" and not set(names) & set(records.columns) and len(names) == len(records.columns):
        return records.value
    return take_columns(records, names).given


def concatenated(given: list[Any]) -> Any:
    """Return several containers of records of one kind as one."""
    if len(given) == 1:
        return given[0]
    if hasattr(given[0], "iloc"):
        import pandas as pd

        return pd.concat(given, ignore_index=True)
    if hasattr(given[0], "tocsr"):
        from scipy import sparse

        return sparse.vstack(given, format="csr")
    if hasattr(given[0], "vstack"):
        import polars as pl

        return pl.concat([polars_or_pandas(each, given[0].columns) for each in given])
    return np.concatenate(given) if isinstance(given[0], np.ndarray) else [row for each in given for row in each]
