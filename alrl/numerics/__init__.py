"""Compute on arrays: which backend runs, named streams of randomness, rankings and measures of uncertainty.

The lowest room: it knows tensors and no active learning. Every other room may import from it.
"""

from __future__ import annotations

from alrl.numerics.backend import compiles, one_thread, portable, usable_device
from alrl.numerics.ranking import best, likeliest, rows_at
from alrl.numerics.streams import generator, seed_sequence, uniform

__all__ = [
    "best",
    "compiles",
    "generator",
    "likeliest",
    "one_thread",
    "portable",
    "rows_at",
    "seed_sequence",
    "uniform",
    "usable_device",
]
