"""The labelled records of many episodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.device import compiles


@dataclass(kw_only=True, eq=False)
class Labelled:
    """Labelled records in order of acquisition, padded: (B, L) each, and how many are real, (B,).

    >>> none = torch.zeros(1, 1, dtype=torch.long)
    >>> labelled = Labelled(index=none, labels=none.clone(), count=none[:, 0].clone())
    >>> labelled.append(torch.tensor([[7, -1, 4]]), torch.tensor([[1, 0, 2]]))
    >>> labelled.index[:, :2], labelled.labels[:, :2], labelled.count
    (tensor([[7, 4]]), tensor([[1, 2]]), tensor([2]))
    """

    index: Tensor
    labels: Tensor
    count: Tensor

    def append(self, picks: Tensor, answers: Tensor) -> None:
        """Add the records at pool positions ``picks`` (B, b) with their labels (B, b); a pick of -1 adds nothing."""
        if compiles(picks):
            self._append_here(picks, answers)
            return
        valid = picks >= 0
        place = self.count[:, None] + valid.cumsum(1) - 1
        needed = int((self.count + valid.sum(1)).max())
        if needed > self.index.shape[1]:
            more = needed - self.index.shape[1]
            self.index = torch.nn.functional.pad(self.index, (0, more))
            self.labels = torch.nn.functional.pad(self.labels, (0, more))
        rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
        self.index[rows[valid], place[valid]] = picks[valid]
        self.labels[rows[valid], place[valid]] = answers[valid]
        self.count = self.count + valid.sum(1)

    def _append_here(self, picks: Tensor, answers: Tensor) -> None:
        """The same in one pass of the processor."""
        from alrl.loop.compiled_pool import append_rows

        needed = int(self.count.max()) + picks.shape[1]
        if needed > self.index.shape[1]:
            # Twice the room, lest every loop copy what is there.
            more = max(needed, 2 * self.index.shape[1]) - self.index.shape[1]
            self.index = torch.nn.functional.pad(self.index, (0, more))
            self.labels = torch.nn.functional.pad(self.labels, (0, more))
        self.count = self.count.clone()
        append_rows(
            self.index.numpy(), self.labels.numpy(), self.count.numpy(), picks.contiguous().numpy(), answers.numpy()
        )

    def clear(self, episodes: Tensor) -> None:
        """Forget the labelled records of ``episodes`` (long)."""
        self.index[episodes], self.labels[episodes], self.count[episodes] = 0, 0, 0


def mark(mask: Tensor, picks: Tensor) -> None:
    """Set ``mask`` (B, N) at the positions ``picks`` (B, b), in place; a pick of -1 sets nothing.

    >>> mask = torch.zeros(1, 3, dtype=torch.bool)
    >>> mark(mask, torch.tensor([[2, -1]]))
    >>> mask
    tensor([[False, False,  True]])
    """
    if compiles(mask):
        from alrl.loop.compiled_pool import mark_picks

        mark_picks(mask.numpy(), picks.contiguous().numpy())
        return
    rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
    mask[rows[picks >= 0], picks[picks >= 0]] = True
