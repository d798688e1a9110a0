"""Tasks of few records."""

from __future__ import annotations

import numpy as np

from alrl.loop.data_set import DataSet
from alrl.loop.synthetic.assemble import FloatArray, IntArray, assemble, class_sizes, swap_labels
from alrl.loop.synthetic.blobs import blobs


def make_tiny(seed: int) -> DataSet:
    """80 to 200 records, 2 to 4 classes, 2 to 30 features, up to 10 % label noise.

    >>> 80 <= make_tiny(0).n_records <= 200
    True
    """
    return assemble("tiny", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    records, classes, features = int(rng.integers(80, 201)), int(rng.integers(2, 5)), int(rng.integers(2, 31))
    X, y = blobs(
        rng,
        records=records,
        features=features,
        informative=int(rng.integers(2, features + 1)),
        classes=classes,
        clusters=1,
        weights=class_sizes(rng, records, classes, rng.choice([2, 5, 50])) / records,
        separation=rng.uniform(0.5, 2),
    )
    return X, swap_labels(rng, y, rng.uniform(0, 0.1))
