"""How often the predicted class of each record has changed."""

from __future__ import annotations

from torch import Tensor

from alrl.loop.device import compiles


def count_flips(before: Tensor, now: Tensor, exists: Tensor, counted: Tensor, flips: Tensor) -> None:
    """Add one to ``flips`` (B, N), in place, where the predicted class (B, N) of a record that ``exists`` changed.

    Only in the episodes of the mask ``counted`` (B,).

    >>> import torch
    >>> flips, there = torch.zeros(2, 2), torch.ones(2, 2, dtype=torch.bool)
    >>> now = torch.tensor([[0, 1], [1, 1]])
    >>> count_flips(torch.zeros(2, 2, dtype=torch.long), now, there, torch.tensor([True, False]), flips)
    >>> flips.tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    if compiles(flips):
        from alrl.loop.compiled_pool import count_flips as compiled

        compiled(before.numpy(), now.numpy(), exists.numpy(), counted.numpy(), flips.numpy())
        return
    flips += ((before != now) & exists & counted[:, None]).to(flips.dtype)
