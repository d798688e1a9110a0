"""Pick and rank what features of candidates are made of, compiled for the processor: one look at each number."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called


@called
def picked(values: Any, index: Any, out: Any) -> None:
    """Rows of ``values`` (B, N, w) at the positions ``index`` (B, M), into ``out`` (B, M, w)."""
    for b in range(index.shape[0]):
        for i in range(index.shape[1]):
            row = index[b, i]
            for a in range(values.shape[2]):
                out[b, i, a] = values[b, row, a]


@called
def picked_columns(values: Any, index: Any, out: Any) -> None:
    """Entries of each of the tuple ``values``, (B, N), at ``index`` (B, K), into the columns of ``out`` (B, K, F)."""
    for column, value in enumerate(values):
        for b in range(index.shape[0]):
            for i in range(index.shape[1]):
                out[b, i, column] = value[b, index[b, i]]


@called
def picked_by_class(values: Any, index: Any, out: Any) -> None:
    """Entries of ``values`` (B, k, N) at ``index`` (B, K), into ``out`` (B, K, k)."""
    for b in range(index.shape[0]):
        for i in range(index.shape[1]):
            for c in range(values.shape[1]):
                out[b, i, c] = values[b, c, index[b, i]]


@called
def ranks(values: Any, index: Any, among: Any, tie: Any, out: Any) -> None:
    """Share of the records ``among`` (B, N) whose value is smaller than that of ``index`` (B, K).

    For each of the tuple ``values``, (B, N), into a column of ``out`` (B, K, F). Ties count half; values no further
    apart than ``tie[0]`` are tied.
    """
    one, none = np.int32(1), np.int32(0)
    kept = np.empty(among.shape[1], tie.dtype)
    for column, each in enumerate(values):
        for b in range(index.shape[0]):
            size = 0
            for j in range(each.shape[1]):
                if among[b, j]:
                    kept[size] = each[b, j]
                    size += 1
            for i in range(index.shape[1]):
                value = each[b, index[b, i]]
                low, high = value - tie[0], value + tie[0]
                below, up_to = np.int32(0), np.int32(0)
                for j in range(size):
                    below += one if kept[j] < low else none
                    up_to += one if kept[j] <= high else none
                out[b, i, column] = (below + up_to) / (2 * max(size, 1))
