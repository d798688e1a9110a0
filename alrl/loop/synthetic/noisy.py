"""Tasks of wrong labels and irrelevant columns."""

from __future__ import annotations

import numpy as np

from alrl.loop.data_set import DataSet
from alrl.loop.synthetic.assemble import FloatArray, IntArray, assemble, swap_labels
from alrl.loop.synthetic.blobs import blobs

_RECORDS = 1000


def make_noisy(seed: int) -> DataSet:
    """1000 records, 2 to 5 classes, 5 to 80 features up to three quarters of them noise, 10 to 40 % shuffled labels.

    The labels are wrong in every part, so that no learner can do without errors: the records of smallest margin are
    often those that no label helps with.

    >>> make_noisy(0).n_records
    1000
    """
    return assemble("noisy", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    features, classes = int(rng.integers(5, 81)), int(rng.choice([2, 2, 3, 4, 5]))
    X, y = blobs(
        rng,
        records=_RECORDS,
        features=features,
        informative=max(2, int(features * rng.uniform(0.25, 1))),
        classes=classes,
        clusters=int(rng.integers(1, 3)),
        separation=rng.uniform(0.8, 2),
    )
    return X, swap_labels(rng, y, rng.uniform(0.1, 0.4))
