"""What the learner would say if a record had a label: asked by strategies that weigh every possible answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from alrl.loop.learner import Learner
from alrl.loop.rows import rows_at

if TYPE_CHECKING:
    from alrl.loop.pool_view import PoolView

AT_ONCE = 1 << 23
"""Numbers that the refits made in one go hold at most, of labelled records and of probabilities (unless one alone does
not fit): 32 MB."""


class Refits:
    """A copy of the learner of B episodes, to be refitted to their labelled records and one more of supposed label.

    It holds the learner alone. Records and labels are taken from the view that it is asked about, which knows none but
    those that were bought. A refit begins where the learner's own next fit would: at the last one if it is warm.

    Args:
        learner: fitted to the B episodes; it is not changed.

    >>> from alrl.learners import NearestCentroid
    >>> from alrl.loop.simulator import Simulator
    >>> from alrl.loop.synthetic import synthetic
    >>> from alrl.loop.task import draw_task
    >>> simulator = Simulator([draw_task(synthetic("mixed", 0), [0])], NearestCentroid(), labels=5)
    >>> simulator.provide(["refits"])
    >>> view = simulator.view
    >>> view.refits.probabilities(view, torch.tensor([[3, 4, 5]]), torch.tensor([[8, 9]])).shape
    torch.Size([1, 3, 3, 2, 3])
    """

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def take(self, episodes: Tensor) -> Refits:
        """The same for ``episodes`` (long, repeats allowed)."""
        return Refits(self._learner.take(episodes))

    def hurried(self, iterations: int) -> Refits:
        """The same, but a refit begins at the learner's last fit and may end after so many steps or epochs."""
        return Refits(self._learner.hurried(iterations))

    def probabilities(self, view: PoolView, records: Tensor, of: Tensor) -> Tensor:
        """Class probabilities (B, K, k, R, k) of the records at positions ``of`` (B, R).

        At [b, j, c] by the learner refitted as if the record at ``records[b, j]`` (B, K) had label c. Where that is -1
        or c is padding, no record joins the labelled ones.
        """
        return torch.cat([said for _, said in self.blocks(view, records, of)], 1)

    def blocks(self, view: PoolView, records: Tensor, of: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """The same, some of ``records`` at a time, with the columns that they are: memory stays bounded."""
        (B, K), k = records.shape, view.class_mask.shape[1]
        each = of.shape[1] * k + (view.labels.shape[1] + 1) * view.features.shape[2]
        size = max(1, AT_ONCE // max(1, B * k * each))
        asked = rows_at(view.features, of)
        for start in range(0, K, size):
            columns = slice(start, min(start + size, K))
            yield columns, self._refitted(view, records[:, columns], asked)

    def _refitted(self, view: PoolView, records: Tensor, asked: Tensor) -> Tensor:
        (B, K), k = records.shape, view.class_mask.shape[1]
        branch = torch.arange(B, device=records.device).repeat_interleave(K * k)
        supposed = torch.arange(k, device=records.device).expand(B, K, k)
        joins = (records >= 0)[..., None] & view.class_mask[:, None]
        index = torch.cat([view.labelled_index[branch], records.clamp_min(0).repeat_interleave(k, 1).view(-1, 1)], 1)
        labels = torch.cat([view.labels[branch], torch.where(joins, supposed, 0).reshape(-1, 1)], 1)
        real = torch.cat([view.labelled_mask[branch], joins.reshape(-1, 1)], 1)
        X = view.features[branch[:, None], index]
        learner = self._learner.take(branch)
        learner.fit(X, labels, real.to(X.dtype), view.class_mask[branch])
        said: Tensor = learner.predict_branches(asked, K * k).unflatten(1, (K, k))
        return said
