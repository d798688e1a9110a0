"""The annotator who sometimes gives no label."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from alrl.loop.annotators.base import NO_LABEL, Annotator, Answers, Query, annotator_of
from alrl.loop.annotators.boundary import difficulty
from alrl.loop.annotators.noisy import share
from alrl.loop.annotators.perfect import PerfectAnnotator


@dataclass(frozen=True, kw_only=True)
class AbstainingAnnotator(Annotator):
    """Gives no label with probability ``rate``; otherwise answers as ``annotator`` does.

    A record without an answer is not asked for again unless the recipe allows relabelling. Where it abstains belongs to
    the records. The first sample is waited for: there it does not abstain.

    Raises InvalidRecipeError for a rate outside 0 to 1, or an annotator that cannot be made.

    >>> from alrl.testing.example_query import example_query
    >>> answer = AbstainingAnnotator(rate=1.0, charged=False).answer(example_query([[0, 1]], [[1, 0]]))
    >>> answer.labels, answer.charged
    (tensor([[-1, -1]]), tensor([[False, False]]))
    """

    name: ClassVar[str] = "abstaining"

    rate: float
    """Probability of no label, on average over the pool."""
    hard: bool = False
    """Whether records that are hard to tell apart are left out more often, as
    :class:`alrl.loop.annotators.boundary.BoundaryAnnotator` says."""
    charged: bool = True
    """Whether a query without an answer is charged like any other."""
    annotator: Annotator | Mapping[str, Any] = field(default_factory=PerfectAnnotator)
    """Who answers otherwise; a table with ``kind`` in recipes."""

    def __post_init__(self) -> None:
        share("rate", self.rate)
        object.__setattr__(self, "annotator", annotator_of(self.annotator))

    @property
    def abstains(self) -> bool:
        return True

    def answer(self, query: Query) -> Answers:
        inner = annotator_of(self.annotator).answer(query)
        if query.first:
            return inner
        rate = torch.full_like(query.truth, self.rate, dtype=torch.float32)
        if self.hard:
            rate = self.rate * difficulty(query)
        silent = query.luck(2) < rate.gather(1, query.picks.clamp_min(0))
        charged = inner.charged
        if not self.charged:
            charged = ~silent if charged is None else charged & ~silent
        return dataclasses.replace(inner, labels=inner.labels.masked_fill(silent, NO_LABEL), charged=charged)
