"""Several annotators of different accuracy and price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.loop.annotators.base import NO_LABEL, Annotator, Answers, Query, annotator_of

AnnotatorRule = Literal["random", "in-turn", "panel"]
_MOST = 15


@dataclass(frozen=True, kw_only=True)
class SeveralAnnotators(Annotator):
    """Two to fifteen annotators, of whom one is asked or all are; each errs independently.

    ``random`` asks any of them, by chance that belongs to the record; ``in-turn`` one after another; ``panel`` asks
    all, takes the label that most give (in a tie, that of the annotator who comes first), waits for the last and costs
    the sum of their prices, but counts as one label of the budget. A step that says who is asked overrides the rule.

    Raises InvalidRecipeError for fewer than two annotators or more than fifteen, one that cannot be made, an unknown
    rule, or prices that are not one for each, 0 or above.

    >>> from alrl.testing.example_query import example_query
    >>> team = SeveralAnnotators(annotators=[{"kind": "noisy", "rate": 1.0}, {"kind": "perfect"}], prices=[0.2, 1.0],
    ...                          asked="in-turn")
    >>> answer = team.answer(example_query([[0, 1, 1]], [[0, 1, 2]]))
    >>> answer.labels, answer.price
    (tensor([[1, 1, 0]]), tensor([[0.2000, 1.0000, 0.2000]], dtype=torch.float64))
    """

    name: ClassVar[str] = "several"

    annotators: Sequence[Annotator | Mapping[str, Any]]
    """The annotators; in recipes a table with ``kind`` for each."""
    prices: Sequence[float] = ()
    """What a label of each costs, in prices of the record's label; 1 for everyone by default."""
    asked: AnnotatorRule = "random"
    """Who is asked."""

    def __post_init__(self) -> None:
        team = tuple(annotator_of(annotator) for annotator in self.annotators)
        if not 2 <= len(team) <= _MOST:
            raise InvalidRecipeError(f"annotator: {len(team)} annotators given; several are 2 to {_MOST}")
        prices = tuple(self.prices) or (1.0,) * len(team)
        if len(prices) != len(team) or not all(0 <= price < math.inf for price in prices):
            raise InvalidRecipeError(
                f"annotator: prices = {list(prices)} given for {len(team)} annotators; give one for each, 0 or above"
            )
        if self.asked not in get_args(AnnotatorRule):
            raise InvalidRecipeError(
                f'annotator: asked = "{self.asked}" given; allowed are {", ".join(get_args(AnnotatorRule))}'
            )
        object.__setattr__(self, "annotators", team)
        object.__setattr__(self, "prices", prices)

    @property
    def abstains(self) -> bool:
        return any(annotator_of(annotator).abstains for annotator in self.annotators)

    def answer(self, query: Query) -> Answers:
        given = [annotator_of(annotator).answer(query.to(number)) for number, annotator in enumerate(self.annotators)]
        prices = torch.tensor(self.prices, dtype=torch.float64, device=query.picks.device)
        everyone = Answers(
            labels=torch.stack([each.labels for each in given]),
            charged=_stacked([each.charged for each in given], query, fill=True),
            price=torch.stack([_price(each, query) * price for each, price in zip(given, prices, strict=True)]),
            delay=_stacked([each.delay for each in given], query, fill=0),
        )
        if self.asked == "panel" and query.who is None:
            return _panel(everyone)
        return _one(everyone, self._who(query)[None])

    def _who(self, query: Query) -> Tensor:
        """Return who is asked for each record, (B, b). Raises InvalidQueryError for an unknown annotator."""
        size = len(self.annotators)
        if query.who is not None:
            wrong = (query.picks >= 0) & ((query.who < 0) | (query.who >= size))
            if bool(wrong.any()):
                raise InvalidQueryError(f"annotator {int(query.who[wrong][0])} asked; there are {size}, counted from 0")
            return query.who.clamp(0, size - 1)
        if self.asked == "in-turn":
            return (query.queries_before[:, None] + (query.picks >= 0).cumsum(1) - 1).clamp_min(0) % size
        return (query.luck(4) * size).long()


def _price(answer: Answers, query: Query) -> Tensor:
    return torch.ones_like(query.picks, dtype=torch.float64) if answer.price is None else answer.price


def _stacked(parts: Sequence[Tensor | None], query: Query, *, fill: bool | int) -> Tensor | None:
    if all(part is None for part in parts):
        return None
    blank = torch.full_like(query.picks, fill, dtype=torch.bool if fill is True else torch.long)
    return torch.stack([blank if part is None else part for part in parts])


def _one(everyone: Answers, who: Tensor) -> Answers:
    """Return the answers (m, B, b) of those asked, ``who`` (1, B, b)."""

    def of(values: Tensor | None) -> Tensor | None:
        return None if values is None else values.gather(0, who)[0]

    return Answers(
        labels=everyone.labels.gather(0, who)[0],
        charged=of(everyone.charged),
        price=of(everyone.price),
        delay=of(everyone.delay),
    )


def _panel(everyone: Answers) -> Answers:
    """Return what most say, no label where none gives one."""
    labels = everyone.labels
    votes = (labels[:, None] == labels[None]).sum(1) * (labels != NO_LABEL)
    winner = votes.argmax(0, keepdim=True)
    price = everyone.price if everyone.price is not None else torch.ones_like(labels, dtype=torch.float64)
    paid = price if everyone.charged is None else price * everyone.charged
    delay = None if everyone.delay is None else everyone.delay.masked_fill(labels == NO_LABEL, 0)
    return Answers(
        labels=labels.gather(0, winner)[0],
        charged=None if everyone.charged is None else everyone.charged.any(0),
        price=paid.sum(0),
        delay=None if delay is None else delay.amax(0),
    )
