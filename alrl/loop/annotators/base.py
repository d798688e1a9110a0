"""Contract of simulated annotators: they know the true classes, answer queries and may err."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.geometry.geometry import Geometry
from alrl.numerics.arguments import settings_table
from alrl.numerics.noise import uniform_at
from alrl.recipes.registry import Named, Registry

NO_LABEL = -1
"""In place of a label: there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """Queries to an annotator, and all that it knows; B episodes, N pool records, b queries each."""

    picks: Tensor
    """Pool positions, (B, b), long; -1 for no query."""
    truth: Tensor
    """True classes of the pool, (B, N), long."""
    class_count: Tensor
    """Classes of each episode, (B,), long."""
    keys: Tensor
    """Keys of the stream ``annotator``, (B,), long."""
    times: Tensor
    """How often each record was asked for before, (B, b), long."""
    queries_before: Tensor
    """Queries of the episode before this batch, (B,), long."""
    geometry: Geometry
    """Distances and neighbours among the pool records."""
    who: Tensor | None = None
    """Who of several annotators is asked, (B, b), long; None leaves it to their rule."""
    first: bool = False
    """True for the first sample, which is waited for: none abstains and nothing comes late."""
    branch: int = 0
    """Tells the chance of one annotator from that of another."""

    @property
    def known(self) -> Tensor:
        """The true classes of the records asked for, (B, b); those of no query mean nothing."""
        return self.truth.gather(1, self.picks.clamp_min(0))

    def luck(self, number: int) -> Tensor:
        """Return uniform numbers in [0, 1), (B, b), a series for each ``number`` from 0 to 7.

        They belong to the record and to how often it was asked for before, whatever the order of the queries: two
        strategies that query the same record are told the same.
        """
        counter = number + 8 * self.times + (self.branch << 32)
        return uniform_at(self.keys, counter, self.picks.clamp_min(0))

    def to(self, branch: int) -> Query:
        """Return the same query to annotator ``branch`` of several, counted from 0."""
        return dataclasses.replace(self, branch=16 * self.branch + branch + 1, who=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Answers to a query, (B, b) each; entries of no query mean nothing."""

    labels: Tensor
    """The classes that the annotator says, long; :data:`NO_LABEL` where it gives none."""
    charged: Tensor | None = None
    """Where the query counts against the budget and is paid, bool; None where all are."""
    price: Tensor | None = None
    """What a label costs in prices of the record's label, double; None for 1."""
    delay: Tensor | None = None
    """Loops until the label arrives, long, 0 with this one; None where all come at once."""


class Annotator(Named):
    """Gives labels for the queried records of B episodes. It keeps no state: an answer is a function of the query."""

    name: ClassVar[str]
    """The kind in recipes, such as ``noisy``."""

    @abstractmethod
    def answer(self, query: Query) -> Answers:
        """Return labels of the records asked for, each for itself: no other query of the batch changes it."""

    @property
    def abstains(self) -> bool:
        """Whether it may give no label."""
        return False

    @property
    def truthful(self) -> bool:
        """Whether it always gives the true class, at once, at the record's price."""
        return False


ANNOTATORS: Registry[Annotator] = Registry(Annotator, package="alrl.loop.annotators", noun="annotator")  # type: ignore[type-abstract]
"""The annotators, by name: a file in this package with a subclass is registered."""
annotators, make_annotator = ANNOTATORS.all, ANNOTATORS.make


def annotator_of(table: Mapping[str, Any] | Annotator) -> Annotator:
    """Return an annotator from a table with ``kind`` and settings, or itself.

    Raises InvalidRecipeError as :func:`make_annotator`, and for a table without ``kind``.

    >>> annotator_of({"kind": "delayed", "most": 3, "annotator": {"kind": "noisy", "rate": 0.1}})
    DelayedAnnotator(least=1, most=3, annotator=NoisyAnnotator(rate=0.1))
    """
    if isinstance(table, Annotator):
        return table
    settings = settings_table("annotator", table, such_as={"kind": "noisy", "rate": 0.1})
    kind = settings.pop("kind", None)
    if not isinstance(kind, str):
        raise InvalidRecipeError(f"annotator {dict(table)} given; name its kind, one of {', '.join(annotators())}")
    return make_annotator(kind, **settings)
