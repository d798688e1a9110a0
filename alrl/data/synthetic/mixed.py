"""Mixed tabular tasks: what makes real tables awkward, drawn at random together."""

from __future__ import annotations

import math

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.synthetic.assemble import FloatArray, IntArray, assemble, levels, standardise
from alrl.data.synthetic.blobs import blobs


def make_mixed(seed: int) -> DataSet:
    """Return 1000 records, 2 to 10 classes of uneven size, 3 to 200 features, label noise of 0, 2 or 10 %.

    Clusters a class, then by chance: heavy-tailed columns (log-normal, cubed), irrelevant columns of noise, columns cut
    into levels and one-hot encoded (their numeric originals partly dropped), and sparse columns, mostly zero.

    >>> make_mixed(0).n_records
    1000
    """
    return assemble("mixed", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    features = int(rng.integers(3, 40))
    classes = int(rng.choice([2, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10]))
    informative = min(features, max(math.ceil(math.log2(classes * 3)) + 1, int(features * rng.uniform(0.3, 1))))
    X, y = blobs(
        rng,
        records=1000,
        features=features,
        informative=informative,
        classes=classes,
        clusters=int(rng.integers(1, 3)),
        weights=rng.dirichlet(np.full(classes, rng.choice([2, 5, 50]))),
        separation=rng.uniform(0.5, 2),
        label_noise=rng.choice([0.0, 0.02, 0.1]),
    )
    return _roughen(rng, standardise(X)), y


def _roughen(rng: np.random.Generator, X: FloatArray) -> FloatArray:
    records, features = X.shape
    columns = _heavy_tails(rng, X)
    parts = [columns]
    if rng.random() < 0.5:
        parts.append(rng.standard_normal((records, rng.integers(1, 30))))
    if rng.random() < 0.4:
        parts += [levels(rng, columns[:, j]) for j in rng.permutation(features)[: max(1, features // 2)]]
        if rng.random() < 0.5:
            parts[0] = columns[:, : max(1, features // 3)]
    if rng.random() < 0.3:
        sparse = (records, int(rng.integers(1, 15)))
        parts.append(rng.exponential(size=sparse) * (rng.random(sparse) < 0.1))
    return np.concatenate(parts, 1)


def _heavy_tails(rng: np.random.Generator, X: FloatArray) -> FloatArray:
    kind = rng.random(X.shape[1])
    # Clipped to 6 standard deviations: beyond it a single record would hold all of a column's variance.
    exponent = np.clip(X, -6, 6) * rng.uniform(0.5, 1.5, X.shape[1])
    return np.where(kind < 0.2, np.exp(exponent), np.where(kind < 0.3, X**3, X))
