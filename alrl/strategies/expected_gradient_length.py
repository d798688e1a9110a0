"""Expected gradient length: query where a label would change the learner most, whichever it be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies import gradient
from alrl.strategies.asked import embedding_of
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class ExpectedGradientLength(Strategy):
    """Scores a record by the length of its loss's gradient at the last layer, averaged over the labels expected.

    Settles, Craven and Ray 2008, "Multiple-instance active learning"; at the last layer, where it has a closed form.

    >>> from alrl.strategies.example_view import example_view
    >>> ExpectedGradientLength().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5351, 0.4911, 0.8873]])
    """

    name: ClassVar[str] = "expected-gradient-length"
    paper: ClassVar[str] = "Settles, Craven and Ray 2008"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N (k + E)"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    def score(self, view: PoolView) -> Tensor:
        return gradient.expected_length(view.probabilities, embedding_of(view, self.name))
