"""Tasks of heavy-tailed columns and of records far from all others."""

from __future__ import annotations

import numpy as np

from alrl.loop.data_set import DataSet
from alrl.loop.synthetic.assemble import FloatArray, IntArray, assemble, standardise
from alrl.loop.synthetic.blobs import blobs

_RECORDS = 1000


def make_heavy_tailed(seed: int) -> DataSet:
    """1000 records, 2 to 6 classes, 4 to 60 features, most of them heavy-tailed; up to 5 % of records lie far out.

    Columns are log-normal, cubed, or carry noise of Student's t with 1.5 to 3 degrees of freedom. A record far out is
    scaled away from the middle, its class as it was: it draws a rule that looks for novelty and teaches little.

    >>> 4 <= make_heavy_tailed(0).n_features <= 60
    True
    """
    return assemble("heavy-tailed", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    features, classes = int(rng.integers(4, 61)), int(rng.choice([2, 2, 3, 4, 6]))
    X, y = blobs(
        rng,
        records=_RECORDS,
        features=features,
        informative=int(rng.integers(3, min(features, 20) + 1)),
        classes=classes,
        clusters=int(rng.integers(1, 3)),
        separation=rng.uniform(0.8, 2),
        label_noise=rng.choice([0.0, 0.02]),
    )
    X = standardise(X)
    kind = rng.random(X.shape[1])
    # Clipped to 6 standard deviations: beyond it a single record would hold all of a column's variance.
    grown = np.exp(np.clip(X, -6, 6) * rng.uniform(0.7, 1.5, X.shape[1]))
    noise = rng.standard_t(rng.uniform(1.5, 3, X.shape[1]), X.shape).clip(-50, 50) * rng.uniform(0.2, 1)
    X = np.where(kind < 0.3, grown, np.where(kind < 0.5, X**3, np.where(kind < 0.8, X + noise, X)))
    far = rng.random(_RECORDS) < rng.uniform(0, 0.05)
    X[far] *= rng.uniform(3, 8, (int(far.sum()), 1))
    return X, y
