"""One query of ours as other libraries ask for it: what is chosen, and every record's score at each choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alrl.agents.query import prepare
from alrl.strategies.base import Strategy, picked, refuse_learning


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchChoice:
    """A batch of b records out of n."""

    rows: NDArray[np.int64]
    """Row numbers of the pool, (b,), in order of selection."""
    scores: NDArray[np.float64]
    """Each record's score when each of them was chosen, (b, n): NaN once it is in the batch, minus infinity where a
    policy did not consider it."""


def choose(
    strategy: Strategy,
    model: Any,
    X_pool: ArrayLike,
    X_labelled: ArrayLike,
    y_labelled: ArrayLike,
    *,
    count: int,
    labels_left: int | None = None,
    seed: int = 0,
    features: Any = None,
    scored: bool = True,
) -> BatchChoice:
    """Return what the strategy chooses of a pool, as :func:`alrl.agents.query.query` does.

    The scores only if asked for.

    Raises as that function does.
    """
    refuse_learning(strategy, "a query by itself")
    prepared = prepare(
        model,
        X_pool,
        X_labelled,
        y_labelled,
        needs=strategy.needs,
        labels_left=labels_left,
        seed=seed,
        features=features,
    )
    view, records = prepared.view, prepared.records
    picks = picked(strategy, view, min(count, records))[0]
    picks = picks[picks >= 0]
    scores = np.full((len(picks) if scored else 0, records), np.nan)
    for row, pick in zip(scores, picks, strict=False):
        row[:] = np.where(view.available[0, :records], strategy.score(view)[0, :records], np.nan)
        view = view.with_selected(pick[None])
    return BatchChoice(rows=picks.numpy().astype(np.int64), scores=scores)
