"""The annotator who errs alike on all records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.annotators.base import Annotator, Answers, Query


def share(name: str, value: float) -> None:
    """Raise InvalidRecipeError unless ``value``, which recipes call ``name``, is a number from 0 to 1."""
    if not 0 <= value <= 1:
        raise InvalidRecipeError(f"annotator: {name} = {value:g} is not allowed; give a number from 0 to 1")


def another_class(query: Query, luck: Tensor) -> Tensor:
    """Return a class other than the true one, (B, b), each being as likely, by ``luck`` (B, b) in [0, 1)."""
    classes, truth = query.class_count[:, None], query.known
    return (truth + 1 + (luck * (classes - 1)).long()) % classes


@dataclass(frozen=True, kw_only=True)
class NoisyAnnotator(Annotator):
    """Gives a wrong class with probability ``rate``, each other class of the episode being equally likely.

    The errors belong to the records, by the stream ``annotator`` of each episode's seed: two strategies that query the
    same record are told the same. Asked again, where a recipe allows it, it considers anew.

    Raises InvalidRecipeError for a rate outside 0 to 1.

    >>> from alrl.testing.example_query import example_query
    >>> NoisyAnnotator(rate=1.0).answer(example_query([[0, 1, 1], [1, 0, 1]], [[0, 2], [1, 2]])).labels
    tensor([[1, 0],
            [1, 0]])
    """

    name: ClassVar[str] = "noisy"

    rate: float
    """Probability of a wrong class."""

    def __post_init__(self) -> None:
        share("rate", self.rate)

    def answer(self, query: Query) -> Answers:
        wrong = another_class(query, query.luck(1))
        return Answers(labels=torch.where(query.luck(0) < self.rate, wrong, query.known))
