"""Rows of tensors by their position in the pool."""

from __future__ import annotations

from torch import Tensor


def rows_at(values: Tensor, index: Tensor) -> Tensor:
    """Rows (B, R, D) of ``values`` (B, N, D) at positions ``index`` (B, R).

    >>> import torch
    >>> rows_at(torch.tensor([[[1, 2], [3, 4], [5, 6]]]), torch.tensor([[2, 0]]))
    tensor([[[5, 6],
             [1, 2]]])
    """
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[2]))
