"""Labelled records, checked once, so that nothing later in the loop needs to doubt them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alrl.data.arrays import classes_of, features_of
from alrl.data.families import family
from alrl.data.standardisation import Standardisation
from alrl.data.tables.columns import FeatureColumns
from alrl.data.tables.frames import collected
from alrl.data.tables.report import DataReport
from alrl.errors import InvalidDataError


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
    """Class codes 0 to classes - 1, each of them occurring, (records,)."""
    class_names: tuple[str, ...]
    """Name of each class, in the order of the codes."""
    origin: tuple[str, ...] = ()
    """Families of data sets that share its rows (:mod:`alrl.data.families`); empty if not known."""
    notes: tuple[str, ...] = ()
    """What was changed or left out when it was loaded, a sentence each."""
    feature_names: tuple[str, ...] = ()
    """Names of the columns of X; empty if they have none."""
    report: DataReport | None = None
    """What was recognised, left out and encoded, if it was read from a table."""
    positions: NDArray[np.int64] | None = None
    """Place of each record in the table that it was read from, where records without a label were left out."""
    unlabelled: UnlabelledRecords | None = None
    """The records of the table that have no label."""
    columns: FeatureColumns | None = None
    """The features as they came: see :attr:`frame`."""

    def __post_init__(self) -> None:
        for field, dtype in (("X", np.float64), ("y", np.int64)):
            array = getattr(self, field)
            # One that cannot be written, because it was made here, need not be copied.
            if not _is_own(array, dtype):
                array = np.array(array, dtype=dtype, order="C")
                array.setflags(write=False)
            object.__setattr__(self, field, array)

    @classmethod
    def read(
        cls,
        source: Any,
        *,
        label: str | int | None = None,
        drop: Sequence[str] = (),
        features: Sequence[str] | None = None,
        header: bool | None = None,
        name: str | None = None,
    ) -> Self:
        """Read a table: a CSV, TSV, Parquet, Arrow or Feather file, a ``.npz`` archive, a frame, or a pair of arrays.

        Delimiter, header, encoding, compression and the marks of numbers are found out. Row numbers, identifiers and
        columns of one value are left out, gaps are filled and marked, categories, dates and text encoded; the
        :attr:`report` says what was done, and :attr:`frame` has the features as they came. Records without a label are
        :attr:`unlabelled` and no part of the data set.

        Args:
            source: the file, the frame of pandas or polars, or the pair (X, y), as of :meth:`from_arrays`.
            label: the column of the classes, or its place. Without one, the column that is called label, class, target
                or y; else the last one, with a GuessedLabelWarning, if it looks like classes and no other does more.
            drop: columns that are no features.
            features: the only features; by default all columns that look like one.
            header: whether the first line of a text file names the columns; found out by default.
            name: what tables and errors call the data set; by default the name of the file.

        Raises:
            InvalidDataError: the table cannot be read, no column can be told to be the class, a column is not there, no
                feature is left, or the classes are none (dates, numbers of a regression, identifiers).

        >>> import pandas as pd
        >>> table = pd.DataFrame({"id": [7, 8, 9], "size": [1.5, None, 2.5], "kind": ["b", "a", "b"]})
        >>> data = DataSet.read(table, label="kind")
        >>> data.feature_names, data.X.tolist(), data.report.left_out
        (('size', 'size is missing'), [[1.5, 0.0], [2.0, 1.0], [2.5, 0.0]], {'id': 'identifiers'})
        """
        from alrl.data.tables.read import is_archive, read_archive_file, read_table, refuse_columns

        if isinstance(source, tuple) and len(source) == 2:
            refuse_columns("a pair (X, y)", label=label, drop=drop, features=features)
            return cls.from_arrays(*source, name=name or "data")
        if is_archive(source):
            X, y = read_archive_file(source, label=label, drop=drop, features=features)
            called = name or Path(source).stem
            return cls.from_arrays(X, y, name=called, origin=(family(called),))
        content = read_table(source, label=label, drop=drop, features=features, header=header, name=name)
        _need_two(content.class_names)
        labelled, others = np.flatnonzero(content.codes >= 0), np.flatnonzero(content.codes < 0)
        whole = not len(others)
        return cls(
            name=content.name,
            X=_owned(content.X if whole else content.X[labelled]),
            y=_owned(content.codes if whole else content.codes[labelled]),
            class_names=content.class_names,
            origin=(family(content.name),),
            notes=tuple(content.report.sentences),
            feature_names=content.feature_names,
            report=content.report,
            positions=None if whole else labelled,
            unlabelled=None
            if whole
            else UnlabelledRecords(X=content.X[others], positions=others, columns=content.columns.take(others)),
            columns=content.columns if whole else content.columns.take(labelled),
        )

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
        X, y = collected(X), collected(y)
        features = features_of(X)
        codes, class_names = classes_of(y)
        if len(features) != len(codes):
            raise InvalidDataError(
                f"X has {len(features)} records and y has {len(codes)}; each record needs exactly one class"
            )
        _need_two(class_names)
        return cls(
            name=name,
            X=features,
            y=codes,
            class_names=class_names,
            origin=tuple(origin),
            notes=tuple(notes),
            feature_names=tuple(map(str, X.columns)) if hasattr(X, "columns") else (),
        )

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

    @property
    def constant_columns(self) -> tuple[str, ...]:
        """Names of the features that have one value in all records, or their places where they have no names."""
        return Standardisation.of_table(self.X).constant_columns(self.feature_names)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of features, classes and class names; the name of the data set does not count."""
        digest = hashlib.sha256(repr((self.X.shape, self.class_names)).encode())
        digest.update(self.X.astype("<f8", copy=False).data)
        digest.update(self.y.astype("<i8", copy=False).data)
        return digest.hexdigest()

    @property
    def frame(self) -> Any:
        """The features as they came, a row a record: the frame that was given, else one of pandas.

        There gaps are NaN, text of up to 255 levels is categorical, and dates are dates, for models that take these.
        """
        import pandas as pd

        if self.columns is not None:
            return self.columns.frame(self.X)
        return pd.DataFrame(self.X, columns=list(self.feature_names) or None)


@dataclass(frozen=True, kw_only=True, eq=False)
class UnlabelledRecords:
    """Records of a table without a label, encoded as those of the data set are."""

    X: NDArray[np.float64]
    """Features, (records, features)."""
    positions: NDArray[np.int64]
    """Their places in the table, (records,)."""
    columns: FeatureColumns

    @property
    def frame(self) -> Any:
        """The features as they came, a row a record."""
        return self.columns.frame(self.X)


def _is_own(array: Any, dtype: type[np.generic]) -> bool:
    """Return whether an array is read-only and its memory its own."""
    return (
        isinstance(array, np.ndarray)
        and array.dtype == dtype
        and array.flags.c_contiguous
        and array.flags.owndata
        and not array.flags.writeable
    )


def _owned(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _need_two(class_names: Sequence[str]) -> None:
    if len(class_names) < 2:
        raise InvalidDataError(
            f"y holds one class only ({class_names[0]!r}); a classifier needs at least two: add records of another"
            " class or choose another label column"
        )
