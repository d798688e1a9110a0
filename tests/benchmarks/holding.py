"""A call that holds memory, in a module that a process of its own can import."""

from __future__ import annotations

import time

import numpy as np


def kept(megabytes):
    """Hold so many MB for a tenth of a second and return their number."""
    block = np.ones(megabytes * 2**17)
    time.sleep(0.1)
    return float(block.sum()) / 2**17
