"""Named streams of randomness: one seed, independent streams, no global state.

A stream is named by what it is for (``split``, ``first sample``, ``learner``, ``strategy``, ``annotator``, ``agent``);
drawing more from one leaves the others as they were. Two kinds serve two needs: :func:`generator` is a NumPy generator
for work done once an episode, :class:`alrl.numerics.noise.EpisodeNoise` draws for a whole batch of episodes in one
call.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np


def seed_sequence(seed: Sequence[int], name: str) -> np.random.SeedSequence:
    """Return the seed sequence of the stream ``name`` under the integers ``seed`` (say seed and episode)."""
    return np.random.SeedSequence(entropy=list(seed), spawn_key=(zlib.crc32(name.encode()),))


def generator(seed: Sequence[int], name: str) -> np.random.Generator:
    """Return a NumPy generator for the stream ``name``.

    >>> a, b = generator([3, 0], "split"), generator([3, 0], "first sample")
    >>> bool(a.random() == b.random()), generator([3, 0], "split").random() == generator([3, 0], "split").random()
    (False, True)
    """
    return np.random.default_rng(seed_sequence(seed, name))


def stream_key(seed: Sequence[int], name: str) -> int:
    """Return a signed 64-bit key of the stream ``name``, for :class:`alrl.numerics.noise.EpisodeNoise`."""
    return int(seed_sequence(seed, name).generate_state(1, np.uint64)[0].astype(np.int64))
