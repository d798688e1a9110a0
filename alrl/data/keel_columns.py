"""Columns of text in KEEL's files as numbers: numbers are read, categories one-hot encoded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "<null>"})
"""Texts, in lower case, that stand for a missing value."""
MOST_LEVELS = 30
"""Levels above which a categorical column is not encoded."""


def missing(column: Sequence[str]) -> NDArray[np.bool_]:
    """Return where the text stands for a missing value, (records,).

    >>> missing(["1", "?", "NaN"]).tolist()
    [False, True, True]
    """
    return np.array([text.lower() in MISSING for text in column], dtype=bool)


def numbers(column: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the column as numbers, NaN where missing, (records,); None if it holds other text or nothing at all.

    >>> numbers(["1", "?", "2.5"]).tolist(), numbers(["1", "red"])
    ([1.0, nan, 2.5], None)
    """
    absent = missing(column)
    if absent.all():
        return None
    values = np.full(len(column), np.nan)
    try:
        values[~absent] = np.array(column)[~absent].astype(np.float64)
    except ValueError:
        return None
    return values


def one_hot(column: Sequence[str]) -> NDArray[np.float64]:
    """Return an indicator column for each level in sorted order, (records, levels); missing values are a level.

    >>> one_hot(["b", "a", "b"]).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    levels, codes = np.unique(np.array(column), return_inverse=True)
    return np.eye(len(levels))[codes]
