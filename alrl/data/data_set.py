"""Labelled records, checked once, so that nothing later in the loop needs to doubt them."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidDataError

_LARGEST = 1e150


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSet:
    """Records and their true classes; both arrays are read-only.

    Build one with :meth:`from_arrays`, which checks its input, or :func:`alrl.data.sources.load_data_set`.

    Constant columns, duplicate columns and duplicate rows are kept: a constant column becomes zero when features are
    standardised, duplicate columns count twice in distances, duplicate rows are records like any other and may fall
    into different parts of a split.

    >>> data = DataSet.from_arrays([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], ["no", "yes", "no"], name="toy")
    >>> data.n_records, data.n_features, data.class_names, data.y.tolist()
    (3, 2, ('no', 'yes'), [0, 1, 0])
    """

    name: str
    """What tables and errors call it."""
    X: NDArray[np.float64]
    """Features as they came, not standardised, (records, features)."""
    y: NDArray[np.int64]
    """Class codes 0 to classes - 1, each of which occurs, (records,)."""
    class_names: tuple[str, ...]
    """Name of each class, in the order of the codes."""
    origin: tuple[str, ...] = ()
    """Families of data sets that share its rows (:mod:`alrl.data.families`); empty if not known."""
    notes: tuple[str, ...] = ()
    """What was changed or left out when it was loaded, a sentence each."""

    def __post_init__(self) -> None:
        for field, dtype in (("X", np.float64), ("y", np.int64)):
            array = np.array(getattr(self, field), dtype=dtype, order="C")
            array.setflags(write=False)
            object.__setattr__(self, field, array)

    @classmethod
    def from_arrays(
        cls, X: Any, y: Any, *, name: str = "data", origin: Sequence[str] = (), notes: Sequence[str] = ()
    ) -> Self:
        """Check features X (records, features) and classes y (records,) and copy them.

        X holds numbers (booleans count as 0 and 1), y strings, integers or booleans; class codes follow the order of
        the sorted classes. Anything with ``to_numpy`` (a pandas or polars frame) is accepted as well.

        Raises InvalidDataError for anything else: text or objects in X, a sparse X, NaN or infinity, numbers whose
        squares overflow, missing classes, numbers that are no classes, fewer than two classes, lengths that differ.
        """
        features = _features(X)
        codes, class_names = _classes(y)
        if len(features) != len(codes):
            raise InvalidDataError(
                f"X has {len(features)} records and y has {len(codes)}; each record needs exactly one class"
            )
        if len(class_names) < 2:
            raise InvalidDataError(
                f"y holds one class only ({class_names[0]!r}); a classifier needs at least two: add records of another"
                " class or choose another label column"
            )
        return cls(name=name, X=features, y=codes, class_names=class_names, origin=tuple(origin), notes=tuple(notes))

    @property
    def n_records(self) -> int:
        """Number of records."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of features, classes and class names; the name of the data set does not count."""
        digest = hashlib.sha256(repr((self.X.shape, self.class_names)).encode())
        digest.update(self.X.astype("<f8", copy=False).tobytes())
        digest.update(self.y.astype("<i8", copy=False).tobytes())
        return digest.hexdigest()


def _as_array(values: Any) -> NDArray[Any]:
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InvalidDataError(f"X or y is no rectangular array ({error}); give every record the same length") from None


def _features(X: Any) -> NDArray[np.float64]:
    if hasattr(X, "toarray"):
        raise InvalidDataError(f"X is sparse ({type(X).__name__}); convert it with X.toarray()")
    array = _as_array(X)
    if array.ndim != 2:
        raise InvalidDataError(f"X has shape {array.shape}; expected (records, features): use X.reshape(-1, 1) for one")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise InvalidDataError(f"X is empty (shape {array.shape}); a data set needs records and features")
    if array.dtype.kind not in "buif":
        raise InvalidDataError(
            f"X has dtype {array.dtype}; a loop needs numbers: encode categories (one-hot, such as"
            " pandas.get_dummies(X, dtype=float)) and convert the rest with X.astype(float)"
        )
    features = array.astype(np.float64)
    _refuse(~np.isfinite(features), "NaN or infinite", "impute them (such as the column mean) or drop those records")
    _refuse(np.abs(features) > _LARGEST, f"larger than {_LARGEST:g} (squares overflow)", "rescale those columns")
    return features


def _refuse(bad: NDArray[np.bool_], what: str, advice: str) -> None:
    if bad.any():
        columns = np.flatnonzero(bad.any(0))
        shown = ", ".join(map(str, columns[:5])) + (", ..." if len(columns) > 5 else "")
        raise InvalidDataError(
            f"X holds {int(bad.sum())} values that are {what}, in {len(columns)} columns ({shown}); {advice}"
        )


def _classes(y: Any) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    array = _as_array(y)
    if array.ndim != 1:
        raise InvalidDataError(f"y has shape {array.shape}; expected (records,), one class a record: try y.ravel()")
    if array.size == 0:
        raise InvalidDataError("y is empty; a data set needs records")
    missing = _missing(array)
    if missing:
        raise InvalidDataError(f"y holds {missing} missing classes (None or NaN); drop those records or label them")
    if array.dtype.kind == "f":
        array = _whole(array)
    elif array.dtype.kind not in "buiUSO":
        raise InvalidDataError(f"y has dtype {array.dtype}; classes are strings, integers or booleans")
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
            "y holds numbers that are not whole, as in regression; classes are strings, integers or booleans: bin the"
            " target or choose another label column"
        )
    return array.astype(np.int64)
