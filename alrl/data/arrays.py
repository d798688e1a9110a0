"""Features and classes that come as arrays, checked once."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.errors import OUT_OF_SCOPE, InvalidDataError

LARGEST = 1e150
"""Numbers above which squares overflow."""
_EXACT_BITS = 53
"""Of a float: integers that need more are none, and would be the number of their neighbour."""


def _as_array(values: Any) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        # What is masked is missing; numpy.asarray takes what lies beneath the mask.
        numbers = values.dtype.kind in "biuf"
        whole = np.array(np.ma.getdata(values), dtype=np.float64 if numbers else object)
        whole[np.ma.getmaskarray(values)] = np.nan if numbers else None
        return whole
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InvalidDataError(f"X or y is no rectangular array ({error}); give every record the same length") from None


def features_of(X: Any) -> NDArray[np.float64]:
    """Return features as a new array of numbers, (records, features).

    Raises InvalidDataError for text or objects, a sparse X, other shapes, NaN or infinity, numbers whose squares
    overflow, and integers that would be merged.
    """
    if hasattr(X, "toarray"):
        raise InvalidDataError(f"X is sparse ({type(X).__name__}); convert it with X.toarray()")
    array = _as_array(X)
    if array.ndim != 2:
        advice = "use X.reshape(-1, 1) for one feature" if array.ndim == 1 else "use X.reshape(len(X), -1)"
        raise InvalidDataError(f"X has shape {array.shape}; expected (records, features): {advice}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise InvalidDataError(f"X is empty (shape {array.shape}); a data set needs records and features")
    if array.dtype.kind not in "buif":
        raise InvalidDataError(
            f"X has dtype {array.dtype}; a loop needs numbers: encode categories (one-hot, such as"
            " pandas.get_dummies(X, dtype=float)) and convert the rest with X.astype(float), or read the whole table"
            " with DataSet.read(frame, label=...), which encodes it"
        )
    features = array.astype(np.float64)
    _refuse(~np.isfinite(features), "NaN or infinite", "impute them (such as the column mean) or drop those records")
    refuse_merged(array, "X")
    _refuse(np.abs(features) > LARGEST, f"larger than {LARGEST:g} (squares overflow)", "rescale those columns")
    return features


def refuse_merged(values: NDArray[Any], name: str, columns: Sequence[Any] | None = None) -> None:
    """Raise InvalidDataError for columns of (n, D) in which different integers are one float.

    Args:
        values: of any kind; nothing but large integers is looked at.
        name: what the error calls them.
        columns: what it calls their columns, which are numbered otherwise.

    >>> refuse_merged(np.array([[2**60, 1], [2**60 + 256, 2]]), "X")  # floats of their own
    >>> try:
    ...     refuse_merged(np.array([[2**60, 1], [2**60 + 1, 2]]), "X")
    ... except InvalidDataError as error:
    ...     print(str(error).partition(";")[0])
    X holds different integers that a float of 64 bits cannot tell apart, in columns [0]
    """
    if values.dtype.kind not in "iu" or not values.size:
        return
    if max(int(values.max()), -int(values.min())) <= 2**_EXACT_BITS:
        return

    def merged(column: NDArray[Any]) -> bool:
        return np.unique(column).size > np.unique(column.astype(np.float64)).size

    alike = [at for at in range(values.shape[1]) if merged(values[:, at])]
    if alike:
        shown = [each if columns is None else columns[each] for each in alike[:5]]
        raise InvalidDataError(
            f"{name} holds different integers that a float of 64 bits cannot tell apart, in columns {shown}; leave"
            " identifiers out, subtract what all values share, or give them as text in a frame"
        )


def _refuse(bad: NDArray[np.bool_], what: str, advice: str) -> None:
    if bad.any():
        columns = np.flatnonzero(bad.any(0))
        shown = ", ".join(map(str, columns[:5])) + (", ..." if len(columns) > 5 else "")
        raise InvalidDataError(
            f"X holds {int(bad.sum())} values that are {what}, in {len(columns)} columns ({shown}); {advice}"
        )


def classes_of(y: Any) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class codes in the order of the sorted classes, (records,), and the name of each class.

    Raises InvalidDataError for missing classes, numbers that are not whole, several classes a record.

    >>> classes_of(["b", "a", "b"])[1]
    ('a', 'b')
    """
    array = _as_array(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InvalidDataError(
            f"y has shape {array.shape}; expected (records,), one class a record. {OUT_OF_SCOPE}; indicators of one"
            " class a record become classes with y.argmax(1)"
        )
    if array.size == 0:
        raise InvalidDataError("y is empty; a data set needs records")
    missing = _missing(array)
    if missing:
        raise InvalidDataError(
            f"y holds {missing} missing classes (None or NaN); drop those records, label them, or read records and"
            " classes as a table (a frame, a CSV file), in which unlabelled records are kept apart"
        )
    if array.dtype.kind == "f":
        array = _whole(array)
    elif array.dtype.kind not in "buiUSO":
        raise InvalidDataError(f"y has dtype {array.dtype}; classes are strings, integers or booleans")
    if array.dtype.kind == "O" and any(isinstance(value, list | tuple | set | dict) for value in array.tolist()):
        raise InvalidDataError(f"y holds several values a record; {OUT_OF_SCOPE}")
    if array.dtype.kind == "O" and len({isinstance(value, bool | np.bool_) for value in array.tolist()}) > 1:
        # True equals 1, and would be one class with it.
        raise InvalidDataError("y holds booleans beside other classes; convert it with y.astype(str)")
    try:
        values, codes = np.unique(array, return_inverse=True)
    except TypeError:
        raise InvalidDataError("y mixes types that cannot be sorted; convert it with y.astype(str)") from None
    return codes.astype(np.int64), tuple(str(value) for value in values.tolist())


def _missing(array: NDArray[Any]) -> int:
    if array.dtype.kind == "f":
        return int(np.isnan(array).sum())
    if array.dtype.kind != "O":
        return 0
    # NaN and NaT do not equal themselves; pandas.NA answers any comparison with itself, which is no bool.
    return sum(value is None or operator.eq(value, value) is not True for value in array.tolist())


def _whole(array: NDArray[Any]) -> NDArray[np.int64]:
    if not np.isfinite(array).all() or (array != np.round(array)).any():
        raise InvalidDataError(
            f"y holds numbers that are not whole, as in regression; {OUT_OF_SCOPE}: classes are strings, integers or"
            " booleans, so bin the target or choose another label column"
        )
    if may_be_inexact(array):
        raise InvalidDataError(
            f"y holds the number {array[np.abs(array).argmax()]:g}, beyond which a float of 64 bits does not tell whole"
            " numbers apart; give classes as text or integers"
        )
    return array.astype(np.int64)


def is_inexact(value: Any) -> bool:
    """Return whether a value is an integer that no float holds: there it would be the number of its neighbour.

    >>> is_inexact(2**53 + 1), is_inexact(2**60), is_inexact(1e300)
    (True, False, False)
    """
    if not isinstance(value, Integral) or not value:
        return False
    size = abs(int(value))
    return (size // (size & -size)).bit_length() > _EXACT_BITS


def may_be_inexact(numbers: NDArray[np.float64]) -> bool:
    """Return whether some of the numbers are so large that not every integer of their size is a float."""
    return bool((np.abs(numbers) >= 2.0**_EXACT_BITS).any())
