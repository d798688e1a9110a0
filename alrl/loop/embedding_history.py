"""What the learner makes of each record in this loop, and what it made of it in the loop before."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


class EmbeddingHistory:
    """Embeddings (B, N, E) of the pools of B episodes after the last fit and after the one before.

    In an episode's first loop both are the same: nothing has changed yet. Where either is narrower, zeros follow.

    >>> history = EmbeddingHistory()
    >>> history.begin(torch.tensor([[[1.0]], [[2.0]]]))
    >>> history.move(torch.tensor([[[3.0]], [[4.0]]]), torch.tensor([True, False]), torch.tensor([False, False]))
    >>> history.now.flatten().tolist(), history.before.flatten().tolist()
    ([3.0, 2.0], [1.0, 2.0])
    """

    def __init__(self) -> None:
        self.now = self.before = torch.zeros(0, 0, 0)

    def begin(self, embedded: Tensor) -> None:
        """Take ``embedded`` (B, N, E) for both: what was before is not known."""
        self.now = self.before = embedded

    def move(self, embedded: Tensor, active: Tensor, first: Tensor) -> None:
        """``embedded`` (B, N, E) is what the learner makes of the episodes in ``active`` (B,); the others stand still.

        Those in ``first`` (B,) begin: they have no loop before. The padding may have grown since the last loop.
        """
        records = max(embedded.shape[1], self.now.shape[1])
        width = max(embedded.shape[2], self.now.shape[2])
        embedded, now, before = (
            pad(each, (0, width - each.shape[2], 0, records - each.shape[1]))
            for each in (embedded, self.now, self.before)
        )
        mask = active[:, None, None]
        self.before = torch.where(mask, torch.where(first[:, None, None], embedded, now), before)
        self.now = torch.where(mask, embedded, now)
