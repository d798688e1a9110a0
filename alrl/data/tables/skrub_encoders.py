"""Encoders of skrub as tables are encoded here: to be imported where one is needed, for skrub takes seconds."""

from __future__ import annotations

from typing import Any

import pandas as pd
from skrub import Cleaner, DatetimeEncoder, StringEncoder, TableVectorizer

_SECONDS = "total_seconds"


class DateEncoder(DatetimeEncoder):  # type: ignore[misc]
    """Encode dates as skrub does, but for the seconds, which count from the first date of the column.

    skrub's output has single precision, in which seconds since 1970 are the same for two minutes.

    >>> dates = pd.Series(pd.to_datetime(["2024-01-01 10:00:01.0", "2024-01-01 10:00:02.5"]), name="at")
    >>> DateEncoder().fit_transform(dates)["at_total_seconds"].tolist()
    [0.0, 1.5]
    """

    def fit_transform(self, column: Any, y: Any = None) -> Any:
        """Find the first date, and encode the column."""
        first = column.min()
        self.first_ = pd.Timestamp(0, tz=column.dt.tz) if pd.isna(first) else first
        return super().fit_transform(column, y)

    def transform(self, column: Any) -> Any:
        """Return the parts of the dates of a column, and their seconds since the first date."""
        parts = super().transform(column)
        parts[f"{column.name}_{_SECONDS}"] = (column - self.first_) / pd.Timedelta(seconds=1)
        return parts


def table_vectoriser() -> TableVectorizer:
    """Return what encodes text, categories and dates as numbers; the same frame gives the same numbers."""
    return TableVectorizer(high_cardinality=StringEncoder(random_state=0), datetime=DateEncoder())


def dated_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns in which :func:`table_vectoriser` sees dates.

    >>> dated_columns(pd.DataFrame({"since": ["2024-04-03", "2024-12-25"], "until": ["2024-04-03", "soon"]}))
    ['since']
    """
    cleaned = Cleaner(drop_null_fraction=None).fit_transform(frame)
    return [str(name) for name in cleaned if pd.api.types.is_datetime64_any_dtype(cleaned[name])]


def encoded_frame(vectoriser: TableVectorizer, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame by a fitted :func:`table_vectoriser`, in double precision; seconds of dates count from 1970.

    >>> frame = pd.DataFrame({"at": pd.to_datetime(["2024-01-01 10:00:01.0", "2024-01-01 10:00:02.5"])})
    >>> encoded_frame(table_vectoriser().fit(frame), frame)["at_total_seconds"].tolist()
    [1704103201.0, 1704103202.5]
    """
    made: pd.DataFrame = vectoriser.transform(frame).astype("float64")
    for name, encoder in vectoriser.transformers_.items():
        if isinstance(encoder, DateEncoder):
            seconds = next(each for each in vectoriser.input_to_outputs_[name] if each.endswith(_SECONDS))
            made[seconds] += encoder.first_.timestamp()
    return made
