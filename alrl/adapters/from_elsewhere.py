"""A querying strategy of another library: what the three ways from there share."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from alrl.adapters.episode import PoolEpisode, only_first, picked
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy
from alrl.strategies.batches import checked


class FromElsewhere(Strategy):
    """Asks a strategy of another library once for each episode; a batch's order is as that gives it.

    A score tells only which record would be queried first.
    """

    @property
    def ordered(self) -> bool:
        return False

    def score(self, view: PoolView) -> Tensor:
        return only_first(view, self.select(view, 1))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        return picked(view, checked(count), self._query)

    @abstractmethod
    def _query(self, episode: PoolEpisode, wanted: int, seed: int) -> NDArray[np.int64]:
        """Return the pool positions (wanted,) that the other library queries in one episode.

        Its chance begins at ``seed``.
        """
