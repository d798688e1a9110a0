"""The one contract of querying strategies: score the records of many episodes, a higher score is queried sooner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.best import best
from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need


class Strategy(ABC):
    """Scores records; a higher score is queried sooner."""

    name: ClassVar[str]
    """The name in recipes and tables, such as ``least-confidence``."""

    @property
    def needs(self) -> frozenset[Need]:
        """What the view must hold for it beyond what every view holds."""
        return frozenset()

    @property
    def ordered(self) -> bool:
        """False where a batch is a set that depends on its size, so that it need not begin with the batch of one."""
        return True

    @abstractmethod
    def score(self, view: PoolView) -> Tensor:
        """Scores of shape (episodes, records); those of records that are not available are ignored."""

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        """Positions of the next batch, (episodes, count), in order of selection, distinct; -1 where the pool ran out.

        Raises InvalidQueryError if ``count`` is below one.
        """
        return top(self.score(view), view, count)


def top(score: Tensor, view: PoolView, count: int) -> Tensor:
    """The ``count`` available records of highest score, (episodes, count); ties are broken by ``view.noise``.

    Where fewer records than ``count`` are available, all are taken and the rest of the row is -1.
    """
    if count < 1:
        raise InvalidQueryError(f"batch of {count} records asked for; a batch has at least 1 record")
    return best(score, view.available, view.noise, count)
