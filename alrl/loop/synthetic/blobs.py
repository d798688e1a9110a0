"""Classes as clusters on the corners of a hypercube (scikit-learn's make_classification), the shared raw material."""

from __future__ import annotations

import math

import numpy as np

from alrl.loop.synthetic.assemble import FloatArray, IntArray


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
    """Features (records, features) and classes (records,) of Guyon's 2003 Madelon generator.

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
