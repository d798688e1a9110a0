"""The labels that were given for records of a large pool."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alrl.errors import InvalidDataError, InvalidQueryError


class PoolLabels:
    """Labelled records of a pool of N records, in order of acquisition.

    Raises InvalidDataError for classes that are fewer than two or given twice.

    >>> labels = PoolLabels(5, ["cat", "dog"])
    >>> labels.add([3, 0], ["dog", "cat"]).tolist(), labels.codes.tolist(), labels.free.tolist()
    ([3, 0], [1, 0], [False, True, True, False, True])
    """

    def __init__(self, records: int, classes: Sequence[Hashable]) -> None:
        if isinstance(classes, str) or not isinstance(classes, Iterable):
            raise InvalidDataError(f"classes = {classes!r} given; give a list of them, such as [0, 1]")
        self.classes = tuple(classes)
        """Every class, in the order of the codes."""
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise InvalidDataError(f"classes = {list(self.classes)} given; name at least two, each once")
        self._code = {label: code for code, label in enumerate(self.classes)}
        self.index = np.zeros(0, dtype=np.int64)
        """Positions of the labelled records, (L,)."""
        self.codes = np.zeros(0, dtype=np.int64)
        """Their classes, (L,)."""
        self.free = np.ones(records, dtype=bool)
        """True where a record is not labelled, (N,)."""

    def add(self, indices: ArrayLike, labels: Sequence[Hashable] | NDArray[Any]) -> NDArray[np.int64]:
        """Take the labels of the records at ``indices`` (m,), whose positions are returned.

        Raises InvalidQueryError for a position outside the pool, given twice or labelled already, InvalidDataError for
        a label that is none of the classes or a number of labels that is not the number of positions.
        """
        index = np.asarray(indices)
        given = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
        if index.shape != (len(given),) or (len(given) and index.dtype.kind not in "iu"):
            raise InvalidDataError(
                f"{len(given)} labels given for positions of shape {index.shape} and dtype {index.dtype}; give one"
                " label a position, and positions as integers"
            )
        strange = sorted({repr(label) for label in given if label not in self._code})
        if strange:
            raise InvalidDataError(f"labels {', '.join(strange[:3])} given; the classes are {list(self.classes)}")
        index = index.astype(np.int64)
        self._check(index)
        self.index = np.concatenate([self.index, index])
        self.codes = np.concatenate([self.codes, np.array([self._code[label] for label in given], dtype=np.int64)])
        self.free[index] = False
        return index

    def _check(self, index: NDArray[np.int64]) -> None:
        records = len(self.free)
        outside = index[(index < 0) | (index >= records)]
        if len(outside):
            raise InvalidQueryError(f"position {outside[0]} given; a position in the pool is 0 to {records - 1}")
        values, count = np.unique(index, return_counts=True)
        wrong = values[(count > 1) | ~self.free[values]]
        if len(wrong):
            raise InvalidQueryError(
                f"{len(wrong)} positions are labelled already or given twice ({wrong[:3].tolist()}); label a"
                " record once"
            )
