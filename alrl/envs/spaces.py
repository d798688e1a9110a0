"""The observation space of a recipe, and tensors turned into their arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from alrl.metadata import Feature, FeatureSet, Observation


def observation_space(features: FeatureSet, rows: int) -> spaces.Dict:
    """``Dict(candidates: (K, F), loop: (G,), mask: (K,))`` of K rows, float32, bounded by the features' ranges."""
    low, high = _bounds(features.record)
    return spaces.Dict(
        {
            # A masked row is all zeros, whatever its features' ranges.
            "candidates": spaces.Box(np.tile(np.minimum(low, 0), (rows, 1)), np.tile(high, (rows, 1))),
            "loop": spaces.Box(*_bounds(features.loop)),
            "mask": spaces.Box(0.0, 1.0, (rows,), np.float32),
        }
    )


def _bounds(features: tuple[Feature, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    low = np.array([feature.low for feature in features], dtype=np.float32)
    return low, np.array([feature.high for feature in features], dtype=np.float32)


def to_arrays(observation: Observation) -> dict[str, NDArray[Any]]:
    """The observation of B episodes as float32 arrays on the CPU."""
    return {
        "candidates": observation.candidates.cpu().numpy(),
        "loop": observation.loop.cpu().numpy(),
        "mask": observation.mask.cpu().numpy().astype(np.float32),
    }
