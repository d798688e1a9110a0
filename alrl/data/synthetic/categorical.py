"""Tasks of categorical columns alone."""

from __future__ import annotations

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.synthetic.assemble import FloatArray, IntArray, assemble, one_hot

_RECORDS = 1000


def make_categorical(seed: int) -> DataSet:
    """Return about 1000 records, 2 to 4 classes, 8 to 50 one-hot encoded columns of 2 to 4 levels.

    At most 200 features.

    A column may copy most of its neighbour. The class follows a sparse linear score of the levels and, by chance, pairs
    of columns that count together only.

    >>> data = make_categorical(0)
    >>> all(len(set(column)) == 2 for column in data.X.T.tolist())
    True
    """
    return assemble("categorical", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    columns, levels, classes = int(rng.integers(8, 51)), int(rng.integers(2, 5)), int(rng.choice([2, 2, 3, 4]))
    codes = _correlated(rng, columns, levels)
    X = np.concatenate([one_hot(codes[:, j]) for j in range(columns)], 1)
    matters = rng.random((X.shape[1], 1)) < rng.uniform(0.05, 0.5)
    score = X @ (rng.standard_normal((X.shape[1], classes)) * matters * rng.uniform(0.5, 2))
    if rng.random() < 0.5:
        _interact(rng, codes, levels, score)
    score = (score - score.mean(0)) / (score.std() + 1e-6) * rng.uniform(1, 4)
    # The largest of scores plus Gumbel noise is a draw from their softmax.
    return X, (score + rng.gumbel(size=score.shape)).argmax(1)


def _correlated(rng: np.random.Generator, columns: int, levels: int) -> IntArray:
    codes = rng.integers(0, levels, (_RECORDS, columns))
    for j in range(1, columns):
        if rng.random() < 0.3:
            codes[:, j] = np.where(rng.random(_RECORDS) < 0.7, codes[:, j - 1], codes[:, j])
    return codes


def _interact(rng: np.random.Generator, codes: IntArray, levels: int, score: FloatArray) -> None:
    for _ in range(5):
        first, second = rng.choice(codes.shape[1], 2, replace=False)
        both = (codes[:, first] == rng.integers(levels)) & (codes[:, second] == rng.integers(levels))
        score[both, rng.integers(score.shape[1])] += 3
