"""Weights that undo the bias of a queried sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidDataError


def lure_weights(chances: Sequence[float], records: int) -> NDArray[np.float64]:
    """Return the weights of M labelled records of a pool of N, in the order they were drawn, (M,).

    Farquhar, Gal and Rainforth 2021, "On Statistical Bias in Active Learning": the m-th record, drawn with probability
    q_m from those then left, weighs ``1 + (N - M) / (N - m) * (1 / ((N - m + 1) * q_m) - 1)``. The mean of weighted
    losses is then that of the whole pool, on average.

    Args:
        chances: q_m, each above 0 and at most 1.
        records: N, at least M.

    Raises InvalidDataError for a chance outside its range, or fewer records than chances.

    >>> lure_weights([1 / 4, 1 / 3], 4).round(6).tolist(), lure_weights([0.5, 1 / 3], 4).round(6).tolist()
    ([1.0, 1.0], [0.666667, 1.0])
    """
    q = np.asarray(chances, dtype=np.float64)
    if len(q) > records or (q <= 0).any() or (q > 1).any():
        raise InvalidDataError(f"{len(q)} chances for {records} records given; each is above 0 and at most 1")
    M, m = len(q), np.arange(1, len(q) + 1)
    left = np.maximum(records - m, 1)
    weights: NDArray[np.float64] = 1 + (records - M) / left * (1 / ((records - m + 1) * q) - 1)
    return weights
