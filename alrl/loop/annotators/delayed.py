"""The annotator whose labels come rounds later, in parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, ClassVar

from alrl.errors import InvalidRecipeError
from alrl.loop.annotators.base import Annotator, Answers, Query, annotator_of
from alrl.loop.annotators.perfect import PerfectAnnotator


@dataclass(frozen=True, kw_only=True)
class DelayedAnnotator(Annotator):
    """Answers as ``annotator`` does, ``least`` to ``most`` rounds later: a batch comes back in parts.

    Each label's delay belongs to its record, every number of rounds being as likely. The queries are charged when they
    are made. Until its label arrives a record is neither labelled nor to be queried. The first sample is waited for.

    Raises InvalidRecipeError for a negative ``least``, a ``most`` below it, no whole numbers, or an annotator that
    cannot be made.

    >>> from alrl.testing.example_query import example_query
    >>> DelayedAnnotator(least=2, most=2).answer(example_query([[0, 1]], [[1, 0]])).delay
    tensor([[2, 2]])
    """

    name: ClassVar[str] = "delayed"

    least: int = 1
    """Fewest loops until a label arrives; with 0 some come with their own loop."""
    most: int = 3
    """Most loops."""
    annotator: Annotator | Mapping[str, Any] = field(default_factory=PerfectAnnotator)
    """Who answers; a table with ``kind`` in recipes."""

    def __post_init__(self) -> None:
        for name, rounds in (("least", self.least), ("most", self.most)):
            if not isinstance(rounds, Integral):
                raise InvalidRecipeError(f"annotator: {name} = {rounds!r} given; give a whole number of rounds")
        if not 0 <= self.least <= self.most:
            raise InvalidRecipeError(
                f"annotator: least = {self.least}, most = {self.most} given; least is 0 or above, most no less"
            )
        object.__setattr__(self, "annotator", annotator_of(self.annotator))

    @property
    def abstains(self) -> bool:
        return annotator_of(self.annotator).abstains

    def answer(self, query: Query) -> Answers:
        inner = annotator_of(self.annotator).answer(query)
        if query.first:
            return inner
        delay = self.least + (query.luck(3) * (self.most - self.least + 1)).long()
        return dataclasses.replace(inner, delay=delay if inner.delay is None else inner.delay + delay)
