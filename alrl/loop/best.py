"""The records of highest score."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.device import compiles


def best(score: Tensor, available: Tensor, noise: Tensor, count: int) -> Tensor:
    """Positions (B, count) of the ``available`` records (B, N) of highest ``score`` (B, N), the highest first.

    Of equal scores the one of more ``noise`` (B, N) comes first; a score that is no number counts as the lowest. Where
    fewer than ``count`` are available the rest of the row is -1.

    >>> best(torch.tensor([[1.0, 3.0, 3.0]]), torch.tensor([[True] * 3]), torch.tensor([[0.1, 0.2, 0.9]]), 2)
    tensor([[2, 1]])
    """
    if compiles(score):
        from alrl.loop.compiled_pool import best_records

        picks = torch.empty(score.shape[0], count, dtype=torch.long)
        given = (score.detach(), available, noise)
        best_records(*(part.contiguous().numpy() for part in given), picks.numpy())
        return picks
    score = score.masked_fill(score.isnan() | ~available, -torch.inf)
    order = noise.argsort(dim=1, descending=True, stable=True)
    ranked = order.gather(1, score.gather(1, order).argsort(dim=1, descending=True, stable=True))
    picks = ranked[:, :count]
    picks = torch.where(available.gather(1, picks), picks, -1)
    return torch.nn.functional.pad(picks, (0, count - picks.shape[1]), value=-1)
