"""The batches being filled, of B episodes."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView


class Batch:
    """Records that are chosen and not bought yet.

    Args:
        episodes: how many batches.
        most: the largest size of one.
    """

    def __init__(self, episodes: int, most: int, device: torch.device) -> None:
        self.picks = torch.full((episodes, most), -1, device=device)
        """Pool positions in order, (B, most), long; -1 where nothing is chosen yet."""
        self.filled = torch.zeros(episodes, dtype=torch.long, device=device)
        """How many are chosen, (B,)."""
        self.wanted = torch.zeros(episodes, dtype=torch.long, device=device)
        """Size that the batch is filled to, (B,); 0 between two batches."""

    def add(self, picks: Tensor, size: Tensor, episodes: Tensor) -> None:
        """Let ``picks`` (B, n), -1 last for none, join the batches of the mask ``episodes`` (B,), of ``size`` (B,)."""
        joined = self.picks.clone()
        for column in picks.unbind(1):
            rows = (episodes & (column >= 0)).nonzero()[:, 0]
            joined[rows, self.filled[rows]] = column[rows]
            self.filled = self.filled.index_add(0, rows, torch.ones_like(rows))
        self.picks = joined
        self.wanted = torch.where(episodes, size, self.wanted)

    def empty(self, episodes: Tensor) -> None:
        """Let nothing be chosen in the episodes of the mask (B,)."""
        self.picks = self.picks.masked_fill(episodes[:, None], -1)
        self.filled, self.wanted = self.filled.masked_fill(episodes, 0), self.wanted.masked_fill(episodes, 0)

    def shown_in(self, view: PoolView) -> PoolView:
        """The view with the chosen records marked as selected."""
        for column in self.picks[:, :-1].unbind(1):
            if not bool((column >= 0).any()):
                break
            view = view.with_selected(column)
        return view
