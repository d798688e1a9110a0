"""Tasks of many classes."""

from __future__ import annotations

import numpy as np

from alrl.loop.data_set import DataSet
from alrl.loop.synthetic.assemble import FloatArray, IntArray, assemble, class_sizes, swap_labels
from alrl.loop.synthetic.blobs import blobs

_RECORDS = 1000


def make_many_class(seed: int) -> DataSet:
    """1000 records, 7 to 10 classes, 5 to 60 features of which at least 5 are informative, up to 5 % label noise.

    >>> 7 <= make_many_class(0).n_classes <= 10
    True
    """
    return assemble("many-class", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    classes, features = int(rng.integers(7, 11)), int(rng.integers(5, 61))
    X, y = blobs(
        rng,
        records=_RECORDS,
        features=features,
        informative=int(rng.integers(5, min(features, 30) + 1)),
        classes=classes,
        clusters=int(rng.integers(1, 3)),
        weights=class_sizes(rng, _RECORDS, classes, rng.choice([5, 50])) / _RECORDS,
        separation=rng.uniform(1, 2.5),
    )
    return X, swap_labels(rng, y, rng.uniform(0, 0.05))
