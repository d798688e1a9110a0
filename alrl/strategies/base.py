"""The one contract of querying strategies: score the records of many episodes, a higher score is queried sooner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.pool_view import PoolView


class Strategy(ABC):
    """Scores records; a higher score is queried sooner."""

    name: ClassVar[str]
    """The name in recipes and tables, such as ``least-confidence``."""

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
    if score.device.type == "cpu":
        from alrl.loop.compiled_pool import best_records

        best = torch.empty(len(score), count, dtype=torch.long)
        given = (score.detach(), view.available, view.noise)
        best_records(*(part.contiguous().numpy() for part in given), best.numpy())
        return best
    score = score.masked_fill(score.isnan() | ~view.available, -torch.inf)
    order = view.noise.argsort(dim=1, descending=True, stable=True)
    ranked = order.gather(1, score.gather(1, order).argsort(dim=1, descending=True, stable=True))
    picks = ranked[:, :count]
    picks = torch.where(view.available.gather(1, picks), picks, -1)
    if picks.shape[1] < count:
        picks = torch.nn.functional.pad(picks, (0, count - picks.shape[1]), value=-1)
    return picks
