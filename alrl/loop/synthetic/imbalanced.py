"""Tasks with a rare class."""

from __future__ import annotations

import numpy as np

from alrl.loop.data_set import DataSet
from alrl.loop.synthetic.assemble import FloatArray, IntArray, assemble, swap_labels
from alrl.loop.synthetic.blobs import blobs

_RECORDS = 1000


def make_imbalanced(seed: int) -> DataSet:
    """1000 records, 2 to 4 classes of which the rarest holds 3 to 15 %, 2 to 40 features, up to 5 % label noise.

    >>> data = make_imbalanced(0)
    >>> bool(0.03 <= np.bincount(data.y).min() / data.n_records <= 0.15)
    True
    """
    return assemble("imbalanced", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    classes, features = int(rng.choice([2, 2, 3, 4])), int(rng.integers(2, 41))
    # Half a percent inside the promised bounds, for blobs rounds the sizes of clusters.
    rare = rng.uniform(0.035, 0.145)
    others = rng.dirichlet(np.full(classes - 1, 5.0)) * (1 - rare * classes)
    X, y = blobs(
        rng,
        records=_RECORDS,
        features=features,
        informative=int(rng.integers(2, features + 1)),
        classes=classes,
        clusters=int(rng.integers(1, 4)),
        weights=np.append(others + rare, rare),
        separation=rng.uniform(0.5, 2),
    )
    return X, swap_labels(rng, y, rng.uniform(0, 0.05))
