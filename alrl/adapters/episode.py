"""One episode of a view as another library sees it: arrays, and a model of stored predictions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.errors import InvalidDataError
from alrl.loop.pool_view import PoolView
from alrl.strategies.randomness import coin


class PoolEpisode:
    """One episode of a view, without its padding: n records, D features, k classes, in float64.

    >>> from alrl.testing.example_view import example_view
    >>> episode = PoolEpisode(example_view(seed=0), 1)
    >>> episode.X.shape, episode.free.shape, episode.labels.shape
    ((6, 2), (4,), (2,))
    """

    def __init__(self, view: PoolView, number: int, *, distinct: int = 0) -> None:
        here = view.exists[number].cpu()
        self.place = here.nonzero()[:, 0].numpy()
        """Positions of the records in the view, (n,)."""
        at = np.full(len(here), -1)
        at[self.place] = np.arange(len(self.place))
        width, real = int(view.feature_count[number]), view.class_mask[number].cpu()
        self.X = view.features[number, :, :width].cpu()[here].double().numpy()
        """Standardised features, (n, D)."""
        self.probabilities = view.probabilities[number].cpu()[here][:, real].double().numpy()
        """The learner's class probabilities, (n, k)."""
        self.members: NDArray[np.float64] | None = None
        """Those of the members of a committee, (M, n, k)."""
        if view.members is not None:
            self.members = view.members[number].cpu()[:, here][..., real].double().numpy()
        self.embedding: NDArray[np.float64] | None = None
        """The learner's embedding, (n, E)."""
        if view.embedding is not None:
            self.embedding = view.embedding[number].cpu()[here].double().numpy()
        known = view.labelled_mask[number].cpu()
        self.labelled = at[view.labelled_index[number].cpu()[known].numpy()]
        """Which records are labelled, (L,), in order of acquisition."""
        self.labels = np.cumsum(real.numpy())[view.labels[number].cpu()[known].numpy()] - 1
        """Their classes, (L,), 0 to k - 1."""
        self.free = np.flatnonzero(view.available[number].cpu()[here].numpy())
        """Which records may be queried, (m,); of equal records the first alone, where ``distinct`` others are left."""
        if distinct > 1 and view.geometry.copies is not None:
            groups = view.geometry.copies[number].cpu()[here].numpy()
            _, first = np.unique(groups[self.free], return_index=True)
            self.free = self.free[np.sort(first)] if len(first) >= distinct else self.free
        self.begun = bool(view.selected[number].any())
        """Whether a batch is being filled."""

    def rows(self, X: object) -> NDArray[np.int64]:
        """Return which records the rows of X (m, D) are; of equal records the first.

        Raises InvalidDataError for a row that is none of them.
        """
        records = np.ascontiguousarray(X, dtype=np.float64)
        if records.shape == self.X.shape and np.array_equal(records, self.X):
            return np.arange(len(records))
        table = {row.tobytes(): number for number, row in reversed(list(enumerate(self.X)))}
        rows = [table.get(row.tobytes(), -1) for row in records]
        if -1 in rows:
            raise InvalidDataError(
                "the strategy asked the model about records that are not in the pool; only those were predicted"
            )
        return np.array(rows, dtype=np.int64)


def picked(view: PoolView, count: int, choose: Callable[[PoolEpisode, int, int], NDArray[np.int64]]) -> Tensor:
    """Return picks (B, count) of ``choose(episode, how many, seed)``, which gives record numbers; one call an episode.

    The seed comes from the view's noise, so that the stream ``strategy`` drives another library's chance.
    """
    seeds = (coin(view, 1 << 23) * 2**23).long().tolist()
    picks = torch.full((len(seeds), count), -1, dtype=torch.long)
    for number, seed in enumerate(seeds):
        episode = PoolEpisode(view, number, distinct=count)
        wanted = min(count, len(episode.free))
        if wanted:
            rows = np.asarray(choose(episode, wanted, seed), dtype=np.int64).ravel()[:wanted]
            picks[number, : len(rows)] = torch.from_numpy(episode.place[rows])
    return picks.to(view.noise.device)


def only_first(view: PoolView, picks: Tensor) -> Tensor:
    """Return scores (B, N): 1 for the first pick of each episode, 0 for all others."""
    score = torch.zeros(view.exists.shape, device=picks.device)
    first = picks[:, :1]
    return score.scatter(1, first.clamp_min(0), (first >= 0).to(score.dtype))
