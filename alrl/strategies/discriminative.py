"""Discriminative active learning: query what can best be told from the labelled records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies.asked import embedding_of
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.chance import fresh
from alrl.strategies.discriminator import strangeness

_STEP = 1 << 26


@dataclass(frozen=True, kw_only=True)
class Discriminative(Strategy):
    """Scores a record by the log odds that it is not one of the labelled records, by its embedding.

    Gissin and Shalev-Shwartz 2019, "Discriminative active learning": labels ought to make the labelled records look
    like the pool. A batch is filled in ``rounds`` parts of equal size, and each part counts as labelled for the next.
    Theirs is a network; here a logistic regression tells the two apart, in the embedding, fitted to no more than
    ``compared`` of the other records, drawn at random. With nothing labelled every score is zero.

    Raises InvalidRecipeError for ``rounds`` or ``compared`` below 1.

    >>> from alrl.strategies.example_view import example_view
    >>> Discriminative().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[-4.5325,  4.6457,  2.9258]])
    """

    name: ClassVar[str] = "discriminative"
    paper: ClassVar[str] = "Gissin and Shalev-Shwartz 2019"
    batch: ClassVar[str] = "ten parts, each counts as labelled"
    cost: ClassVar[str] = "10 fits, and N E each"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    rounds: int = 10
    """Parts of a batch."""
    compared: int = 4096
    """Most records that the known ones are told from."""

    def __post_init__(self) -> None:
        for name, given in (("rounds", self.rounds), ("compared", self.compared)):
            if given < 1:
                raise InvalidRecipeError(f"discriminative: {name} = {given} given; give at least 1")

    def score(self, view: PoolView) -> Tensor:
        embedding, free = embedding_of(view, self.name), view.exists & ~view.known
        drawn = fresh(view.noise, view.selected.sum(1) + _STEP).masked_fill(~free, -1)
        some = drawn.topk(min(self.compared, drawn.shape[1]), 1)
        compared = torch.zeros_like(free).scatter(1, some.indices, some.values >= 0)
        return strangeness(embedding, view.exists, view.known, compared).to(torch.float32)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        part, picks = -(-checked(count) // self.rounds), []
        for start in range(0, largest_batch(view, count), part):
            chosen = top(self.score(view), view, min(part, count - start))
            picks.append(chosen)
            for pick in chosen.unbind(1):
                view = view.with_selected(pick)
        return filled(picks, view, count)
