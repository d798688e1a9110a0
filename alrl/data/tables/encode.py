"""Features of a table as numbers: gaps filled and marked, categories as indicators, dates and text by skrub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alrl.data.arrays import LARGEST
from alrl.data.tables.columns import FeatureColumns
from alrl.data.tables.dates import date_order, looks_dated
from alrl.data.tables.number_profile import NumberProfile
from alrl.data.tables.table import RawTable, Texts
from alrl.data.tables.vectorise import vectorise
from alrl.errors import InvalidDataError

MOST_INDICATORS = 40
"""Levels up to which a category has an indicator column a level, as in skrub's TableVectorizer."""
_BLOCK = 1 << 16


@dataclass(kw_only=True)
class Encoded:
    """A table as numbers, and how they were made."""

    X: NDArray[np.float64]
    """(records, features), finite."""
    names: tuple[str, ...]
    """Of the columns of X."""
    columns: FeatureColumns
    """The features as they came."""
    filled: dict[str, int] = field(default_factory=dict)
    """By column: missing values that became the column's mean, with an indicator beside it."""
    encoded: dict[str, str] = field(default_factory=dict)
    """By column: what became of text and dates."""


@dataclass
class _Columns:
    """Some columns of X: a column of numbers and where they are missing, or numbers made of text and dates."""

    names: list[str]
    place: int | None = None
    values: NDArray[np.float64] | None = None
    codes: NDArray[np.int32] | None = None
    mean: float = 0.0
    holes: NDArray[np.int64] | None = None

    def fill(self, X: NDArray[np.float64], start: int, stop: int, at: int) -> None:
        """Write everything but plain numbers into the records from start to stop."""
        if self.codes is not None:
            levels = np.arange(len(self.names)) if len(self.names) > 1 else np.array([1])
            X[start:stop, at : at + len(self.names)] = self.codes[start:stop, None] == levels
        elif self.values is not None:
            X[start:stop, at : at + len(self.names)] = self.values[start:stop]
        elif self.holes is not None:
            inside = self.holes[(self.holes >= start) & (self.holes < stop)]
            X[inside, at] = self.mean
            X[start:stop, at + 1] = 0.0
            X[inside, at + 1] = 1.0


def encode(table: RawTable, features: Sequence[str], numbers: NumberProfile) -> Encoded:
    """Return the features of a table as numbers; the table's own numbers are used up.

    Numbers stay as they are. A missing number becomes the mean of its column, and an indicator column says where. A
    category of up to 40 levels has an indicator a level (one, if there are two), missing being a level of its own.
    Dates and text of more levels are encoded by skrub's TableVectorizer: parts and seconds of a date, 30 directions of
    the text's trigrams. Means, levels and directions are those of all records; no label is used.

    Raises InvalidDataError for infinite numbers and for those whose squares overflow.
    """
    encoded: dict[str, str] = {}
    parts: dict[str, list[_Columns]] = {}
    for name in features:
        if name in table.places:
            parts[name] = _number_parts(table, name, numbers)
        elif name in table.texts and len(table.texts[name].levels) <= MOST_INDICATORS and not _dated(table, name):
            parts[name] = [_indicators(table.texts[name], name)]
            encoded[name] = f"category of {len(table.texts[name].levels)} levels, {_many(len(parts[name][0].names))}"
    others = [name for name in features if name not in parts]
    if others:
        for name, made in vectorise(table, others).items():
            parts[name] = [_Columns(names=list(made.names), values=made.values)]
            order = date_order(table.texts[name].levels) if made.kind == "date" and name in table.texts else None
            encoded[name] = f"{made.kind}{f', {order}' if order else ''}, {_many(len(made.names))}"
    ordered = [part for name in features for part in parts[name]]
    columns = FeatureColumns(
        names=tuple(features),
        numbers=_slots(features, parts, table),
        holes={name: part.holes for name in features for part in parts[name] if part.holes is not None},
        texts={name: table.texts[name] for name in features if name in table.texts},
        dates={name: table.dates[name] for name in features if name in table.dates},
    )
    return Encoded(
        X=_matrix(table, ordered),
        names=tuple(name for part in ordered for name in part.names),
        columns=columns,
        filled={name: len(holes) for name, holes in columns.holes.items()},
        encoded={name: encoded[name] for name in features if name in encoded},
    )


def check_numbers(table: RawTable, name: str, numbers: NumberProfile) -> None:
    """Raise InvalidDataError, naming the column, for infinite numbers and for those whose squares overflow."""
    first, width = table.places[name]
    for place in range(first, first + width):
        shown = name if width == 1 else f"{name}_{place - first}"
        for bad, advice in (
            (numbers.infinite[place] > 0, "infinite; give them a finite value or leave them empty, or drop the column"),
            (
                max(-numbers.low[place], numbers.high[place]) > LARGEST,
                f"larger than {LARGEST:g} (squares overflow); rescale the column",
            ),
        ):
            if bad:
                raise InvalidDataError(f"column {shown!r} of {table.name} holds values that are {advice}")


def _number_parts(table: RawTable, name: str, numbers: NumberProfile) -> list[_Columns]:
    check_numbers(table, name, numbers)
    first, width = table.places[name]
    parts = []
    for place in range(first, first + width):
        shown = name if width == 1 else f"{name}_{place - first}"
        if numbers.missing[place]:
            holes = np.flatnonzero(np.isnan(table.numbers.column(place)))
            mean = float(numbers.mean[place])
            parts.append(_Columns(names=[shown, f"{shown} is missing"], place=place, mean=mean, holes=holes))
        else:
            parts.append(_Columns(names=[shown], place=place))
    return parts


def _indicators(texts: Texts, name: str) -> _Columns:
    """Return codes in the order of the sorted levels, a missing value being the last."""
    order = sorted(range(len(texts.levels)), key=lambda place: texts.levels[place])
    levels = [texts.levels[place] for place in order]
    codes = np.empty(len(order) + 1, np.int32)
    codes[order] = np.arange(len(order))
    codes[-1] = len(order)
    if (texts.codes < 0).any():
        levels.append("(missing)")
    shown = levels[1:] if len(levels) == 2 else levels
    return _Columns(names=[f"{name} = {level}" for level in shown], codes=codes[texts.codes])


def _matrix(table: RawTable, parts: Sequence[_Columns]) -> NDArray[np.float64]:
    starts = np.cumsum([0, *(len(part.names) for part in parts)])
    numeric = [(at, part.place) for at, part in zip(starts, parts, strict=False) if part.place is not None]
    slots, places = [at for at, _ in numeric], [place for _, place in numeric]
    X = np.empty((table.n_records, int(starts[-1])))
    if numeric:
        for start, block in table.numbers.drain():
            for low in range(0, len(block), _BLOCK):
                rows = block[low : low + _BLOCK]
                X[start + low : start + low + len(rows), slots] = rows[:, places]
    for start in range(0, len(X), _BLOCK):
        stop = min(start + _BLOCK, len(X))
        for at, part in zip(starts, parts, strict=False):
            part.fill(X, start, stop, int(at))
    return X


def _slots(
    features: Sequence[str], parts: Mapping[str, Sequence[_Columns]], table: RawTable
) -> dict[str, tuple[int, int]]:
    """Return where each column of numbers stands in X, and how wide it is there."""
    slots, at = {}, 0
    for name in features:
        if name in table.places:
            slots[name] = (at, table.places[name][1])
        at += sum(len(part.names) for part in parts[name])
    return slots


def _dated(table: RawTable, name: str) -> bool:
    return looks_dated(table.texts[name].levels)


def _many(columns: int) -> str:
    return f"{columns} column{'s' if columns > 1 else ''}"
