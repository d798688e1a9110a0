"""The arithmetic floor: what the multiply-adds of a step would take at this machine's matrix-product rate."""

from __future__ import annotations

import time

import torch


def multiply_add_rate(size: int = 1024, repeats: int = 7) -> float:
    """Multiply-adds a second of a large float32 matrix product on the present threads: the best of ``repeats``.

    >>> multiply_add_rate(64, 2) > 1e6
    True
    """
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(size, size, generator=generator) for _ in range(2))
    out = torch.mm(a, b)
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        torch.mm(a, b, out=out)
        best = min(best, time.perf_counter() - started)
    return size**3 / best
