"""What is kept of every record of a large pool after a pass over it: two small numbers, whatever the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.loop.large_pool import LargePool
from alrl.loop.scorer import Scorer


@dataclass(frozen=True, kw_only=True, eq=False)
class PoolScores:
    """One loop's scores of all N records."""

    certainty: NDArray[np.float32]
    """How sure the learner is, (N,), on the scale of the measure: the smallest is what to ask about."""
    predicted: NDArray[np.uint16]
    """The likeliest class, the first of equally likely ones, (N,)."""


def score_pool(pool: LargePool, scorer: Scorer, measure: str) -> PoolScores:
    """Pass once over the pool, chunk by chunk; ``measure`` is one of :data:`MEASURES`."""
    certainty = np.empty(pool.n_records, dtype=np.float32)
    predicted = np.empty(pool.n_records, dtype=np.uint16)
    measured = MEASURES[measure]
    for chunk in pool.chunks():
        # Classes as rows: few classes would make rows of records too short to be fast.
        each_class = scorer.of(pool, chunk).T.contiguous()
        predicted[chunk] = each_class.numpy().argmax(0)
        certainty[chunk] = measured(each_class).numpy()
    return PoolScores(certainty=certainty, predicted=predicted)


def margin(each_class: Tensor) -> Tensor:
    """Gap between the two likeliest of the classes (k, n), (n,).

    >>> margin(torch.tensor([[0.75], [0.25], [0.0]]))
    tensor([0.5000])
    """
    first, second = each_class[0], torch.zeros_like(each_class[0])
    for probability in each_class[1:]:
        second = torch.maximum(second, torch.minimum(first, probability))
        first = torch.maximum(first, probability)
    return first - second


def _confidence(each_class: Tensor) -> Tensor:
    return each_class.amax(0)


def _order(each_class: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(each_class).sum(0)
    return -entropy


MEASURES: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"margin": margin, "least-confidence": _confidence, "entropy": _order}
)
"""How sure the learner is of each record, (n,), from its probabilities (k, n), by the strategy that asks by it."""
