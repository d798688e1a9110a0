"""A table in memory: numbers as they are, texts as codes and levels, dates; not yet what a loop can use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidDataError

MOST_NUMBERS = 1 << 29
"""Numbers that a data set may hold in memory: 4 GiB."""
WORDS = "identifiers: words that hardly repeat"
"""Why a column of such text is no feature."""
# Above glibc's largest threshold, so that a block's memory goes back to the system when it is let go.
_BLOCK_BYTES = 1 << 26


class NumberBlocks:
    """Columns of numbers that grow by rows, NaN where missing, in blocks that are let go one by one.

    >>> blocks = NumberBlocks(2)
    >>> blocks.grow(1)[:] = [1.0, 2.0]
    >>> blocks.column(1).tolist(), blocks.rows
    ([2.0], 1)
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows = 0
        self._blocks: list[NDArray[np.float64]] = []
        self._used: list[int] = []

    @classmethod
    def of(cls, matrix: NDArray[np.float64]) -> NumberBlocks:
        """Return one block that is ``matrix`` (rows, width) itself."""
        blocks = cls(matrix.shape[1])
        blocks.rows = len(matrix)
        blocks._blocks, blocks._used = [matrix], [len(matrix)]
        return blocks

    def grow(self, rows: int) -> NDArray[np.float64]:
        """Return room for more rows, (rows, width), to be written.

        Raises InvalidDataError where they are more than memory should hold.
        """
        if (self.rows + rows) * self.width > MOST_NUMBERS:
            raise InvalidDataError(
                f"the table holds more than {MOST_NUMBERS:,} numbers (4 GiB); name fewer features, take fewer records,"
                " or play it from a file with alrl.LargePool (docs/large-pools.md)"
            )
        if not self._blocks or self._used[-1] + rows > len(self._blocks[-1]):
            most = max(rows, _BLOCK_BYTES // (8 * max(self.width, 1)))
            self._blocks.append(np.empty((most, self.width)))
            self._used.append(0)
        start = self._used[-1]
        self._used[-1] += rows
        self.rows += rows
        return self._blocks[-1][start : start + rows]

    def parts(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield each block with the row that it begins at."""
        start = 0
        for block, used in zip(self._blocks, self._used, strict=True):
            yield start, block[:used]
            start += used

    def column(self, at: int) -> NDArray[np.float64]:
        """Return a copy of one column, (rows,)."""
        parts = [block[:used, at] for block, used in zip(self._blocks, self._used, strict=True)]
        return np.concatenate([np.empty(0), *parts])

    def drain(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield each block with the row that it begins at; its memory is let go when the next is taken."""
        start = 0
        while self._blocks:
            block, used = self._blocks.pop(0), self._used.pop(0)
            yield start, block[:used]
            start += used
            del block


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A column of text."""

    codes: NDArray[np.int32]
    """Of each record its level, -1 where missing."""
    levels: Sequence[str]
    """Every text that occurs, in order of appearance."""


Values = NDArray[Any] | Texts
"""A column: numbers (records,) or (records, width), NaN where missing; dates, NaT where missing; or text."""


@dataclass(kw_only=True)
class RawTable:
    """A table in memory. Each column stands in one of the four places."""

    name: str
    """What tables and errors call it."""
    columns: tuple[str, ...]
    """Names in the order of the source, each once."""
    n_records: int
    numbers: NumberBlocks
    places: Mapping[str, tuple[int, int]]
    """Of each column of numbers: where it stands in ``numbers``, and its width, more than 1 for arrays."""
    texts: dict[str, Texts] = field(default_factory=dict)
    dates: dict[str, NDArray[np.datetime64]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Columns that were not read, and why."""
    notes: list[str] = field(default_factory=list)
    """What was found out about the source, a sentence each."""


def as_texts(values: Iterable[str | None]) -> Texts:
    """Return text as codes and levels; None is missing.

    >>> as_texts(["b", "a", None, "b"]).codes.tolist(), as_texts(["b", "a", None]).levels
    ([0, 1, -1, 0], ['b', 'a'])
    """
    places: dict[str, int] = {}
    codes = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return Texts(codes=np.array(codes, np.int32), levels=list(places))


def with_levels(texts: Texts, change: Callable[[str], str | None]) -> Texts:
    """Return the column with each level changed: levels that become equal are one, those that become None are missing.

    >>> changed = with_levels(as_texts(["x ", "x", ""]), lambda level: level.strip() or None)
    >>> changed.codes.tolist(), changed.levels
    ([0, 0, -1], ['x'])
    """
    levels = as_texts(change(level) for level in texts.levels)
    return Texts(codes=np.append(levels.codes, np.int32(-1))[texts.codes], levels=levels.levels)
