"""The annotator who errs where classes are hard to tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.annotators.base import Annotator, Answers, Query
from alrl.loop.annotators.noisy import another_class, share


@dataclass(frozen=True, kw_only=True)
class BoundaryAnnotator(Annotator):
    """Errs on ``rate`` of the records on average, and the more often the more neighbours are of another class.

    A model of people, who mix up what is alike (Du and Ling 2010, "Active learning with human-like noisy oracle"). Of
    a record with m neighbours in the pool, ten where there are as many, o of them of another true class, the
    difficulty is d = (o + 1/2) / (m + 1): what a nearest-neighbour classifier that knows all labels gives the other
    classes. The probability of an error is ``rate * d / mean(d)``, at most 1, the mean being over the pool. What is
    said instead is the commonest other class among the neighbours, or any other class where there is none. The errors
    belong to the records.

    Raises InvalidRecipeError for a rate outside 0 to 1.

    >>> from alrl.testing.example_query import example_query
    >>> everyone = torch.arange(40)[None]
    >>> line = example_query(everyone // 20, everyone)
    >>> wrong = BoundaryAnnotator(rate=0.2).answer(line).labels != line.known
    >>> bool(wrong[0, 12:28].float().mean() > 2 * wrong[0].float().mean())
    True
    """

    name: ClassVar[str] = "boundary"

    rate: float
    """Probability of a wrong class, on average over the pool."""

    def __post_init__(self) -> None:
        share("rate", self.rate)

    def answer(self, query: Query) -> Answers:
        place = query.picks.clamp_min(0)
        chance = (self.rate * difficulty(query)).clamp_max(1).gather(1, place)
        near, real = _neighbours(query, place)
        votes = torch.zeros(*place.shape, int(query.class_count.max()), device=place.device)
        votes = votes.scatter_add(2, near, real.to(votes.dtype)).scatter(2, query.known[..., None], -1.0)
        most, likeliest = votes.max(2)
        wrong = torch.where(most > 0, likeliest, another_class(query, query.luck(1)))
        return Answers(labels=torch.where(query.luck(0) < chance, wrong, query.known))


def difficulty(query: Query) -> Tensor:
    """Return how hard each record of the pool is to tell from other classes, (B, N), 1 on average over the pool."""
    everyone = torch.arange(query.truth.shape[1], device=query.truth.device).expand_as(query.truth)
    near, real = _neighbours(query, everyone)
    other = ((near != query.truth[..., None]) & real).sum(-1)
    hard = (other + 0.5) / (real.sum(-1) + 1)
    exists = query.geometry.exists
    mean = (hard * exists).sum(1) / exists.sum(1).clamp_min(1)
    return hard / mean.clamp_min(torch.finfo(hard.dtype).tiny)[:, None]


def _neighbours(query: Query, place: Tensor) -> tuple[Tensor, Tensor]:
    """Return True classes of the neighbours of the records at ``place`` (B, b), and which of them there are, (B, b.

    10).
    """
    index = query.geometry.neighbours[1]
    width = index.shape[2]
    near = index.gather(1, place[..., None].expand(-1, -1, width))
    classes = query.truth.gather(1, near.flatten(1)).view_as(near)
    return classes, query.geometry.neighbour_mask[:, None].expand_as(classes)
