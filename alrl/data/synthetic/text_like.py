"""Tasks that look like embedded text: documents of topics, projected and scaled to unit norm."""

from __future__ import annotations

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.synthetic.assemble import FloatArray, IntArray, assemble, class_sizes, swap_labels

_RECORDS = 1000


def make_text_like(seed: int) -> DataSet:
    """Return 1000 records, 2 to 10 classes, 48 to 200 features: documents drawn from topics, embedded, of unit norm.

    A document's words come from its class's topics and from topics that all classes share (latent Dirichlet
    allocation, Blei et al. 2003). Counts are dampened by their square root, projected at random (Johnson &
    Lindenstrauss 1984) and scaled to unit norm, as sentence embeddings are; then standardised like every task.

    >>> 48 <= make_text_like(0).n_features <= 200
    True
    """
    return assemble("text-like", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    classes, words, shared = int(rng.choice([2, 2, 3, 4, 6, 10])), int(rng.integers(200, 501)), int(rng.integers(3, 9))
    each = int(rng.integers(1, 4))
    topics = rng.dirichlet(np.full(words, 0.05), classes * each + shared)
    y = np.repeat(np.arange(classes), class_sizes(rng, _RECORDS, classes, rng.choice([5, 50])))
    rng.shuffle(y)
    mixture = np.full((_RECORDS, len(topics)), 1e-3)
    own = y[:, None] * each + np.arange(each)
    np.put_along_axis(mixture, own, rng.uniform(0.2, 0.8), 1)
    mixture[:, classes * each :] = rng.uniform(0.2, 0.6)
    share = rng.gamma(mixture) + 1e-9
    chance = (share / share.sum(1, keepdims=True)) @ topics
    counts = rng.multinomial(rng.integers(20, 121, _RECORDS), chance / chance.sum(1, keepdims=True))
    width = int(rng.integers(48, 201))
    X = np.sqrt(counts) @ rng.standard_normal((words, width))
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    return X, swap_labels(rng, y, rng.uniform(0, 0.05))
