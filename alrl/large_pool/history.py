"""Remember how predictions of a large pool moved: four bytes a record, and the last fits."""

from __future__ import annotations

from collections import deque

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.large_pool.pool import LargePool
from alrl.large_pool.scorer import PoolScores, Scorer
from alrl.loop.predictions import REMEMBERED, Trajectory

_MOST = np.iinfo(np.uint16).max


class PoolHistory:
    """Flips of every record's prediction, and the last five fits.

    What the learner said of a record in an earlier round is not stored but asked again, of the few records of a view:
    the fits are small, the probabilities of a pool are not.
    """

    def __init__(self, records: int) -> None:
        self._predicted = np.zeros(records, dtype=np.uint16)
        self._flips = np.zeros(records, dtype=np.uint16)
        self._scorers: deque[Scorer] = deque(maxlen=REMEMBERED)
        self._before, self._flipped = self._predicted, np.zeros(records, dtype=np.bool_)
        self._forgotten: Scorer | None = None
        self.fits = 0
        """Fits that were taken up."""

    def take_up(self, scorer: Scorer, scores: PoolScores, *, again: bool = False) -> None:
        """Add one round: the fit and what it says of all records; with ``again`` in the place of the last one."""
        if again:
            self._take_back()
        self._before = self._predicted
        self._flipped = (scores.predicted != self._predicted) & (self._flips < _MOST) & (self.fits > 0)
        self._flips += self._flipped
        self._predicted = scores.predicted
        self._forgotten = self._scorers[0] if len(self._scorers) == REMEMBERED else None
        self._scorers.append(scorer)
        self.fits += 1

    def _take_back(self) -> None:
        self._flips -= self._flipped
        self._predicted = self._before
        self._scorers.pop()
        if self._forgotten is not None:
            self._scorers.appendleft(self._forgotten)
        self.fits -= 1

    def probabilities(self, pool: LargePool, at: NDArray[np.int64]) -> tuple[Tensor, ...]:
        """Return class probabilities of the records ``at`` by the remembered fits, the newest last, (1, n, k) each."""
        return tuple(scorer.of(pool, at)[None] for scorer in self._scorers)

    def trajectory(self, at: NDArray[np.int64], probabilities: tuple[Tensor, ...]) -> Trajectory:
        """Return the trajectory of the records ``at``, whose :meth:`probabilities` are given."""
        return Trajectory(
            flips=torch.from_numpy(self._flips[at].astype(np.float32))[None],
            loops=torch.tensor([float(self.fits - 1)]),
            probabilities=probabilities,
            remembered=torch.ones(len(probabilities), 1, dtype=torch.bool),
        )
