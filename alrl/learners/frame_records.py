"""Records as they came, for classifiers that eat frames: columns by name, text, categories, dates and gaps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.data.tables.columns import rows_of
from alrl.data.task import Task
from alrl.errors import InvalidDataError
from alrl.learners.possible_fit import fit_or_frequencies

_TRIED = 200
"""Records of a table that a classifier is tried with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameRecords:
    """Rows of tables by their standardised features: what the loop hands on, beside what the classifier is given.

    The loop is computed on standardised features, which are the same numbers wherever a record turns up in it, so these
    name it. Records whose features are equal are one record here.
    """

    frames: tuple[Any, ...] = ()
    """A table each data set."""
    places: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """By a record's features: which table, and which of its rows."""
    eats: dict[str, bool] = field(default_factory=dict)
    """By the fingerprint of a data set: whether the classifier is given frames of it."""

    def of(self, estimator: Any, tasks: Sequence[Task]) -> Self:
        """Return the rows of the tasks' tables from which an unfitted classifier takes its records; others have none.

        Of tables with text, categories, dates or gaps every classifier that can be fitted to the frame is given it, of
        those of numbers alone one that cannot be fitted to plain numbers, such as one that names its columns.
        """
        frames: list[Any] = []
        number: dict[str, int] = {}
        places: dict[bytes, tuple[int, int]] = {}
        for task in tasks:
            data = task.split.data_set
            if data.columns is None and not data.feature_names:
                continue
            if data.fingerprint not in self.eats:
                self.eats[data.fingerprint] = _eats_frames(estimator, data)
            if not self.eats[data.fingerprint]:
                continue
            if data.fingerprint not in number:
                number[data.fingerprint] = len(frames)
                frames.append(data.frame)
            rows = np.concatenate([task.split.pool, task.split.validation, task.split.test])
            for name, row in zip(_names(task.standardised()[0][rows]), rows.tolist(), strict=True):
                places.setdefault(name, (number[data.fingerprint], row))
        return replace(self, frames=tuple(frames), places=places)

    def find(self, X: NDArray[np.float32]) -> Any:
        """Return the rows of the table (n, ...) whose standardised features are ``X`` (n, D), or X where it is none.

        Raises InvalidDataError for features that are those of no record.
        """
        names = _names(X)
        if not names or not self.places or names[0] not in self.places:
            return X
        # Padding is all zeros; what is predicted of it is not used.
        try:
            places = [self.places[name or names[0]] for name in names]
        except KeyError:
            raise InvalidDataError(
                "a classifier that is given rows of a table was asked about records that are none of its rows"
            ) from None
        return rows_of(self.frames[places[0][0]], np.array([row for _, row in places], dtype=np.int64))


def _names(X: NDArray[np.float32]) -> list[bytes]:
    """Return a name for each record: its features without the zeros behind them, as padding adds some."""
    rows = np.ascontiguousarray(X, dtype=np.float32)
    width = X.shape[1] - (rows[:, ::-1] != 0).argmax(1)
    return [row[:last].tobytes() for row, last in zip(rows, width.tolist(), strict=True)]


def _eats_frames(estimator: Any, data: DataSet) -> bool:
    """Return whether the classifier is to be given the data set's frame rather than numbers."""
    if data.columns is None or data.columns.plain:
        return not _can_be_fitted(estimator, data.X.astype(np.float32)) and _can_be_fitted(estimator, data.frame)
    return _can_be_fitted(estimator, data.frame)


def _can_be_fitted(estimator: Any, records: Any) -> bool:
    """Return whether a clone takes some of the records, with classes made up for them, and predicts all of these."""
    rows = np.unique(np.linspace(0, len(records) - 1, _TRIED).astype(np.int64))
    some, classes = rows_of(records, rows), np.arange(len(rows)) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = fit_or_frequencies(estimator, some, classes, np.ones(len(rows), dtype=np.float32), doubtful=True)
        if fit.model is None:
            return False
        try:
            fit.predict(some, 2)
        except InvalidDataError:
            return False
    return True
