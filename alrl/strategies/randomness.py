"""More chance from a view's noise: as many draws as a batch needs, each record's from its own number alone.

What comes out follows the records when they change places, and no padding changes it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView

_MIX = ((30, -4658895280553007687), (27, -7723592293110705685))
_STEP = -7046029254386353131


def fresh(noise: Tensor, step: Tensor | int) -> Tensor:
    """Return uniform numbers in (0, 1), (B, N), of ``noise`` (B, N), float32; new for every ``step`` (B,).

    SplitMix64 (Steele et al. 2014) of the bits of the noise.

    >>> noise = torch.tensor([[0.25, 0.5, 0.75]])
    >>> first, second = fresh(noise, 0), fresh(noise, 1)
    >>> first.equal(fresh(noise, 0)), first.equal(second)
    (True, False)
    """
    return _uniform(_mixed(noise, step))


def coin(view: PoolView, step: Tensor | int) -> Tensor:
    """Return one uniform number in (0, 1) for each episode, (B,).

    New for every ``step`` (B,), whatever the records' order.

    >>> from alrl.testing.example_view import example_view
    >>> coin(example_view(), 0).shape
    torch.Size([3])
    """
    # Sums of integers do not depend on the order, nor on the zeros of padding.
    total = _mixed(view.noise, 0).masked_fill(~view.exists, 0).sum(1)
    return _uniform(_mix(total + (_column(step, total)[:, 0] + 1) * _STEP))


def gumbel(noise: Tensor, step: Tensor | int) -> Tensor:
    """Return standard Gumbel numbers, (B, N).

    The largest of ``log(weight) + gumbel`` is a draw in proportion to the weights.

    Gumbel 1954; Kool, van Hoof and Welling 2019 for the largest few, a draw without replacement.
    """
    return -(-fresh(noise, step).log()).log()


def _mixed(noise: Tensor, step: Tensor | int) -> Tensor:
    bits = noise.contiguous().view(torch.int32).to(torch.int64)
    return _mix(_mix(bits * _STEP) + (_column(step, bits) + 1) * _STEP)


def _column(step: Tensor | int, like: Tensor) -> Tensor:
    return step[:, None] if isinstance(step, Tensor) else torch.tensor([[step]], device=like.device)


def _mix(state: Tensor) -> Tensor:
    for shift, factor in _MIX:
        state = (state ^ ((state >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return state ^ ((state >> 31) & ((1 << 33) - 1))


def _uniform(bits: Tensor) -> Tensor:
    """Return halfway between multiples of 2^-23: neither 0 nor 1."""
    return (((bits >> 41) & ((1 << 23) - 1)).to(torch.float32) + 0.5) * 2.0**-23
