"""The labelled records of many episodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(kw_only=True, eq=False)
class Labelled:
    """Labelled records in order of acquisition, padded: (B, L) each, and how many are real, (B,).

    >>> none = torch.zeros(1, 1, dtype=torch.long)
    >>> labelled = Labelled(index=none, labels=none.clone(), count=none[:, 0].clone())
    >>> labelled.append(torch.tensor([[7, -1, 4]]), torch.tensor([[1, 0, 2]]))
    >>> labelled.index, labelled.labels, labelled.count
    (tensor([[7, 4]]), tensor([[1, 2]]), tensor([2]))
    """

    index: Tensor
    labels: Tensor
    count: Tensor

    def append(self, picks: Tensor, answers: Tensor) -> None:
        """Add the records at pool positions ``picks`` (B, b) with their labels (B, b); a pick of -1 adds nothing."""
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

    def clear(self, episodes: Tensor) -> None:
        """Forget the labelled records of ``episodes`` (long)."""
        self.index[episodes], self.labels[episodes], self.count[episodes] = 0, 0, 0
