"""The features of a table as they came, for models that take frames, gaps and categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables.table import Texts

_MOST_CATEGORIES = 255
"""Levels up to which a column of text is categorical in a frame: more are taken by no histogram of scikit-learn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureColumns:
    """The features of a table as they came: numbers stand in X, and the places of their gaps are remembered."""

    names: tuple[str, ...]
    numbers: Mapping[str, tuple[int, int]]
    """Of each column of numbers: its first column in X, and how many it has there, without the indicator of gaps."""
    holes: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """By column: records whose number is missing."""
    texts: Mapping[str, Texts] = field(default_factory=dict)
    dates: Mapping[str, NDArray[np.datetime64]] = field(default_factory=dict)
    given: Any = None
    """The frame that was given, if one was: its features, every record."""

    @property
    def plain(self) -> bool:
        """Whether X is all there is: numbers without gaps."""
        return not (self.holes or self.texts or self.dates)

    def take(self, records: NDArray[np.int64]) -> FeatureColumns:
        """Return some of the records, in the order given; each at most once."""
        last = max(int(records.max(initial=0)), *(int(rows[-1]) for rows in self.holes.values()), 0)
        place = np.full(last + 1, -1)
        place[records] = np.arange(len(records))
        kept = {name: np.sort(place[rows]) for name, rows in self.holes.items()}
        return replace(
            self,
            holes={name: rows[rows >= 0] for name, rows in kept.items() if (rows >= 0).any()},
            texts={name: Texts(codes=each.codes[records], levels=each.levels) for name, each in self.texts.items()},
            dates={name: values[records] for name, values in self.dates.items()},
            given=None if self.given is None else rows_of(self.given, records),
        )

    def frame(self, X: NDArray[np.float64]) -> Any:
        """Return the features of the records of ``X`` as they came: the frame that was given, else one of pandas.

        There numbers are floats, NaN where missing, text of up to 255 levels is categorical, more is strings, and dates
        are dates.
        """
        if self.given is not None:
            return self.given
        import pandas as pd

        columns: dict[str, Any] = {}
        for name in self.names:
            if name in self.texts:
                columns[name] = _text_column(self.texts[name])
            elif name in self.dates:
                columns[name] = self.dates[name]
            else:
                first, width = self.numbers[name]
                values = X[:, first : first + width]
                columns[name] = list(values) if width > 1 else _with_holes(values[:, 0], self.holes.get(name))
        return pd.DataFrame(columns)


def _text_column(texts: Texts) -> Any:
    import pandas as pd

    if len(texts.levels) <= _MOST_CATEGORIES:
        return pd.Categorical.from_codes(texts.codes, categories=list(texts.levels))
    return np.array([*texts.levels, None], dtype=object)[texts.codes]


def _with_holes(values: NDArray[np.float64], holes: NDArray[np.int64] | None) -> NDArray[np.float64]:
    if holes is None:
        return values
    copied = values.copy()
    copied[holes] = np.nan
    return copied


def rows_of(records: Any, at: NDArray[np.int64]) -> Any:
    """Return the rows at these places of an array or of a frame of pandas or polars."""
    return records.iloc[at] if hasattr(records, "iloc") else records[at]
