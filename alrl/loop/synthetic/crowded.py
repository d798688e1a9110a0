"""Tasks of more classes than a first sample of a dozen labels shows."""

from __future__ import annotations

import numpy as np

from alrl.loop.data_set import DataSet
from alrl.loop.synthetic.assemble import FloatArray, IntArray, assemble, class_sizes, swap_labels
from alrl.loop.synthetic.blobs import blobs

_RECORDS = 1200


def make_crowded(seed: int) -> DataSet:
    """1200 records, 11 to 20 classes, 8 to 60 features of which at least 6 are informative, up to 5 % label noise.

    >>> 11 <= make_crowded(0).n_classes <= 20
    True
    """
    return assemble("crowded", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    classes, features = int(rng.integers(11, 21)), int(rng.integers(8, 61))
    X, y = blobs(
        rng,
        records=_RECORDS,
        features=features,
        informative=int(rng.integers(6, min(features, 30) + 1)),
        classes=classes,
        clusters=1,
        weights=class_sizes(rng, _RECORDS, classes, rng.choice([5, 50])) / _RECORDS,
        separation=rng.uniform(1, 2.5),
    )
    return X, swap_labels(rng, y, rng.uniform(0, 0.05))
