"""Tasks whose classes lie inside or across one another: no plane separates them."""

from __future__ import annotations

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.synthetic.assemble import FloatArray, IntArray, assemble, class_sizes

_RECORDS = 1000


def make_overlapping(seed: int) -> DataSet:
    """Return 1000 records, 2 to 5 classes, 2 to 20 features, a boundary that is not linear.

    One of three shapes: concentric rings (spheres, in more dimensions), Gaussians around nearly one centre of different
    width (as in Breiman's ringnorm), or a mixture of several Gaussians of different width a class. The space is turned
    at random and padded with columns of noise.

    >>> 2 <= make_overlapping(0).n_features <= 20
    True
    """
    return assemble("overlapping", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    classes = int(rng.choice([2, 2, 2, 3, 4, 5]))
    y = np.repeat(np.arange(classes), class_sizes(rng, _RECORDS, classes, rng.choice([2, 5, 50])))
    shape = (_rings, _nested, _mixture)[rng.integers(3)]
    X = shape(rng, y, classes, int(rng.integers(2, 11)))
    turn, _ = np.linalg.qr(rng.standard_normal((X.shape[1], X.shape[1])))
    noise = rng.standard_normal((_RECORDS, rng.integers(0, 11))) * X.std()
    order = rng.permutation(_RECORDS)
    return np.concatenate([X @ turn, noise], 1)[order], y[order]


def _rings(rng: np.random.Generator, y: IntArray, classes: int, features: int) -> FloatArray:
    radius = (1 + rng.permutation(classes))[y] + rng.normal(0, rng.uniform(0.1, 0.5), len(y))
    direction = rng.standard_normal((len(y), min(features, 3)))
    X: FloatArray = radius[:, None] * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    return X


def _nested(rng: np.random.Generator, y: IntArray, classes: int, features: int) -> FloatArray:
    width = rng.uniform(1.5, 3) ** np.arange(classes)
    centre = rng.standard_normal((classes, features)) * rng.uniform(0, 1)
    X: FloatArray = centre[y] + width[y, None] * rng.standard_normal((len(y), features))
    return X


def _mixture(rng: np.random.Generator, y: IntArray, classes: int, features: int) -> FloatArray:
    component = y * 4 + rng.integers(0, rng.integers(2, 5), len(y))
    centre = rng.standard_normal((classes * 4, features)) * rng.uniform(1, 3)
    width = rng.uniform(0.3, 2, (classes * 4, features))
    X: FloatArray = centre[component] + width[component] * rng.standard_normal((len(y), features))
    return X
