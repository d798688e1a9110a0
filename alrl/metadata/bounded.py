"""Numbers without an upper bound, drawn into a range that any data set can reach."""

from __future__ import annotations

from torch import Tensor


def saturated(value: Tensor, half: Tensor | float) -> Tensor:
    """A ``value`` of at least 0 as v / (v + half): 0 at 0, 1/2 at ``half``, which is above 0, and 1 at infinity.

    >>> import torch
    >>> saturated(torch.tensor([0.0, 2.0, 6.0, torch.inf]), 2.0)
    tensor([0.0000, 0.5000, 0.7500, 1.0000])
    """
    return (1 - half / (value + half)).clamp(0, 1)


def signed(value: Tensor) -> Tensor:
    """Any ``value`` v as v / (1 + |v|), from -1 to 1.

    >>> import torch
    >>> signed(torch.tensor([-torch.inf, -1.0, 0.0, 3.0]))
    tensor([-1.0000, -0.5000,  0.0000,  0.7500])
    """
    return value.sign() * saturated(value.abs(), 1.0)


def of_guessing(loss: Tensor, classes: Tensor) -> Tensor:
    """Log losses (B, ...) among ``classes`` (B,): 0 for none, 1/2 for that of a uniform guess, towards 1 beyond.

    >>> import torch
    >>> of_guessing(torch.tensor([[0.0, 0.6931472]]), torch.tensor([2]))
    tensor([[0.0000, 0.5000]])
    """
    return saturated(loss, classes.to(loss.dtype).log().view(-1, *[1] * (loss.ndim - 1)))
