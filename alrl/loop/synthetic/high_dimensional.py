"""Tasks of many features, few of them informative."""

from __future__ import annotations

import numpy as np

from alrl.loop.data_set import DataSet
from alrl.loop.synthetic.assemble import FloatArray, IntArray, assemble
from alrl.loop.synthetic.blobs import blobs


def make_high_dimensional(seed: int) -> DataSet:
    """About 1000 records, 2 to 6 classes, 60 to 200 features: 5 to 30 informative, the rest redundant or noise.

    By chance every record is scaled to unit norm, as text and image embeddings are.

    >>> 60 <= make_high_dimensional(0).n_features <= 200
    True
    """
    return assemble("high-dimensional", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    features, informative = int(rng.integers(60, 201)), int(rng.integers(5, 31))
    X, y = blobs(
        rng,
        records=1000,
        features=features,
        informative=informative,
        redundant=int(rng.integers(0, features - informative + 1)),
        classes=int(rng.choice([2, 2, 3, 4, 6])),
        clusters=1,
        separation=rng.uniform(0.5, 2),
        label_noise=0.02,
    )
    if rng.random() < 0.5:
        X = X / np.linalg.norm(X, axis=1, keepdims=True)
    return X, y
