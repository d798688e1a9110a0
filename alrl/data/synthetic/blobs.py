"""Classes as clusters on the corners of a hypercube (scikit-learn's make_classification), the shared raw material."""

from __future__ import annotations

import math

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.synthetic.assemble import FloatArray, IntArray, assemble, class_sizes, standardise, swap_labels


def blobs(
    rng: np.random.Generator,
    *,
    records: int,
    features: int,
    informative: int,
    redundant: int = 0,
    classes: int,
    clusters: int,
    weights: FloatArray | None = None,
    separation: float,
    label_noise: float = 0.0,
) -> tuple[FloatArray, IntArray]:
    """Return features (records, features) and classes (records,) of Guyon's 2003 Madelon generator.

    ``clusters`` a class is lowered, and ``informative`` raised, until the corners suffice; ``features`` is raised to
    hold the informative and redundant ones.

    >>> rng = np.random.default_rng(0)
    >>> X, y = blobs(rng, records=50, features=4, informative=2, classes=3, clusters=2, separation=1.0)
    >>> X.shape, np.unique(y).tolist()
    ((50, 4), [0, 1, 2])
    """
    # scikit-learn takes half a second to import: only who draws a task pays for it.
    from sklearn.datasets import make_classification

    informative = max(informative, math.ceil(math.log2(classes)), 2)
    clusters = max(1, min(clusters, 2 ** min(informative, 20) // classes))
    X, y = make_classification(
        n_samples=records,
        n_features=max(features, informative + redundant),
        n_informative=informative,
        n_redundant=redundant,
        n_classes=classes,
        n_clusters_per_class=clusters,
        weights=None if weights is None else list(weights),
        class_sep=separation,
        flip_y=label_noise,
        random_state=int(rng.integers(2**31)),
    )
    return X, y


_RECORDS = 1200


def make_crowded(seed: int) -> DataSet:
    """Return 1200 records, 11 to 20 classes, 8 to 60 features, 6 or more of them informative, up to 5 % label noise.

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


_HEAVY_TAILED_RECORDS = 1000


def make_heavy_tailed(seed: int) -> DataSet:
    """Return 1000 records, 2 to 6 classes, 4 to 60 features, most of them heavy-tailed.

    Up to 5 % of records lie far out.

    Columns are log-normal, cubed, or carry noise of Student's t with 1.5 to 3 degrees of freedom. A record far out is
    scaled away from the middle, its class as it was: it draws a rule that looks for novelty and teaches little.

    >>> 4 <= make_heavy_tailed(0).n_features <= 60
    True
    """
    return assemble("heavy-tailed", seed, _draw_heavy_tailed)


def _draw_heavy_tailed(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    features, classes = int(rng.integers(4, 61)), int(rng.choice([2, 2, 3, 4, 6]))
    X, y = blobs(
        rng,
        records=_HEAVY_TAILED_RECORDS,
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
    far = rng.random(_HEAVY_TAILED_RECORDS) < rng.uniform(0, 0.05)
    X[far] *= rng.uniform(3, 8, (int(far.sum()), 1))
    return X, y


def make_high_dimensional(seed: int) -> DataSet:
    """Return about 1000 records, 2 to 6 classes, 60 to 200 features: 5 to 30 informative, the rest redundant or noise.

    By chance every record is scaled to unit norm, as text and image embeddings are.

    >>> 60 <= make_high_dimensional(0).n_features <= 200
    True
    """
    return assemble("high-dimensional", seed, _draw_high_dimensional)


def _draw_high_dimensional(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
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


_IMBALANCED_RECORDS = 1000


def make_imbalanced(seed: int) -> DataSet:
    """Return 1000 records, 2 to 4 classes, the rarest with 3 to 15 %, 2 to 40 features, up to 5 % label noise.

    >>> data = make_imbalanced(0)
    >>> bool(0.03 <= np.bincount(data.y).min() / data.n_records <= 0.15)
    True
    """
    return assemble("imbalanced", seed, _draw_imbalanced)


def _draw_imbalanced(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    classes, features = int(rng.choice([2, 2, 3, 4])), int(rng.integers(2, 41))
    # Half a percent inside the promised bounds, for blobs rounds the sizes of clusters.
    rare = rng.uniform(0.035, 0.145)
    others = rng.dirichlet(np.full(classes - 1, 5.0)) * (1 - rare * classes)
    X, y = blobs(
        rng,
        records=_IMBALANCED_RECORDS,
        features=features,
        informative=int(rng.integers(2, features + 1)),
        classes=classes,
        clusters=int(rng.integers(1, 4)),
        weights=np.append(others + rare, rare),
        separation=rng.uniform(0.5, 2),
    )
    return X, swap_labels(rng, y, rng.uniform(0, 0.05))


_MANY_CLASS_RECORDS = 1000


def make_many_class(seed: int) -> DataSet:
    """Return 1000 records, 7 to 10 classes, 5 to 60 features, 5 or more of them informative, up to 5 % label noise.

    >>> 7 <= make_many_class(0).n_classes <= 10
    True
    """
    return assemble("many-class", seed, _draw_many_class)


def _draw_many_class(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    classes, features = int(rng.integers(7, 11)), int(rng.integers(5, 61))
    X, y = blobs(
        rng,
        records=_MANY_CLASS_RECORDS,
        features=features,
        informative=int(rng.integers(5, min(features, 30) + 1)),
        classes=classes,
        clusters=int(rng.integers(1, 3)),
        weights=class_sizes(rng, _MANY_CLASS_RECORDS, classes, rng.choice([5, 50])) / _MANY_CLASS_RECORDS,
        separation=rng.uniform(1, 2.5),
    )
    return X, swap_labels(rng, y, rng.uniform(0, 0.05))


_NOISY_RECORDS = 1000


def make_noisy(seed: int) -> DataSet:
    """Return 1000 records, 2 to 5 classes, 5 to 80 features up to three quarters of them noise.

    10 to 40 % shuffled labels.

    The labels are wrong in every part, so that no learner can do without errors: the records of smallest margin are
    often those that no label helps with.

    >>> make_noisy(0).n_records
    1000
    """
    return assemble("noisy", seed, _draw_noisy)


def _draw_noisy(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    features, classes = int(rng.integers(5, 81)), int(rng.choice([2, 2, 3, 4, 5]))
    X, y = blobs(
        rng,
        records=_NOISY_RECORDS,
        features=features,
        informative=max(2, int(features * rng.uniform(0.25, 1))),
        classes=classes,
        clusters=int(rng.integers(1, 3)),
        separation=rng.uniform(0.8, 2),
    )
    return X, swap_labels(rng, y, rng.uniform(0.1, 0.4))


def make_tiny(seed: int) -> DataSet:
    """Return 80 to 200 records, 2 to 4 classes, 2 to 30 features, up to 10 % label noise.

    >>> 80 <= make_tiny(0).n_records <= 200
    True
    """
    return assemble("tiny", seed, _draw_tiny)


def _draw_tiny(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
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
