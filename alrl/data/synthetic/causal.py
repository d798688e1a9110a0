"""Tables of structural causal models: columns and class follow from each other, some values are missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.synthetic.assemble import FloatArray, IntArray, assemble, levels, standardise

_RECORDS = 1000
_MECHANISMS: tuple[Callable[[FloatArray], FloatArray], ...] = (
    lambda x: x,
    np.tanh,
    np.sin,
    np.abs,
    np.square,
    lambda x: np.maximum(x, 0.0),
    lambda x: np.sign(x) * np.log1p(np.abs(x)),
    lambda x: (x > 0).astype(float),
)


def make_causal(seed: int) -> DataSet:
    """Return about 1000 records, 2 to 10 classes, 2 to 200 features, of mixed types and with missing values by chance.

    Causes, and layers of what follows from a few variables of the layer before by a mechanism (a line, a bend, a wave,
    a threshold) and noise; columns and class are any of the variables, so that a column may be a cause of the class, an
    effect of it or neither (the prior of TabPFN, Hollmann et al. 2023). Some columns show as levels, one-hot encoded.
    Missing values, at random or where another column or the value itself is large, are the column's mean beside an
    indicator, as in a table that is read.

    >>> make_causal(0).n_records
    1000
    """
    return assemble("causal", seed, _draw)


def _draw(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    variables = _variables(rng)
    order = rng.permutation(variables.shape[1])
    decisive = int(rng.integers(1, 4))
    y = _classes(rng, variables[:, order[:decisive]])
    shown = variables[:, order[decisive : decisive + int(rng.integers(3, 31))]]
    leveled, missing = rng.choice([0.0, 0.3, 0.7]), rng.choice([0.0, 0.0, 0.3])
    columns = []
    for j in range(shown.shape[1]):
        column = levels(rng, shown[:, j]) if rng.random() < leveled else shown[:, j : j + 1]
        if rng.random() < missing:
            column = _with_gaps(rng, column, shown[:, j], shown[:, rng.integers(shown.shape[1])])
        columns.append(column)
    return np.concatenate(columns, 1), y


def _variables(rng: np.random.Generator) -> FloatArray:
    """Return all variables of the model, standardised, (records, variables): the causes, then layer by layer."""
    width = int(rng.integers(4, 20))
    before = rng.standard_normal((_RECORDS, width))
    if rng.random() < 0.5:
        # Causes that come in groups: records of a group are alike.
        groups = 3 * rng.standard_normal((int(rng.integers(2, 8)), width))
        before += groups[rng.integers(0, len(groups), _RECORDS)]
    layers = [standardise(before)]
    noise = rng.choice([0.03, 0.1, 0.3])
    for _ in range(rng.integers(2, 5)):
        before = layers[-1]
        weight = rng.standard_normal((before.shape[1], width)) * (rng.random((before.shape[1], width)) < 0.4)
        signal = before @ weight + 0.5 * rng.standard_normal(width)
        kind = rng.integers(0, len(_MECHANISMS), width)
        follows = np.stack([_MECHANISMS[kind[j]](signal[:, j]) for j in range(width)], 1)
        layers.append(standardise(follows + noise * rng.standard_normal(follows.shape)))
    return np.concatenate(layers, 1)


def _classes(rng: np.random.Generator, decisive: FloatArray) -> IntArray:
    """Return the class: by intervals of one variable, or by the nearest of as many records of some."""
    classes = int(rng.choice([2, 2, 2, 3, 3, 4, 5, 6, 8, 10]))
    if decisive.shape[1] > 1:
        centres = decisive[rng.permutation(len(decisive))[:classes]]
        nearest: IntArray = ((decisive[:, None] - centres) ** 2).sum(-1).argmin(1)
        return nearest
    cuts = np.quantile(decisive[:, 0], np.cumsum(rng.dirichlet(np.full(classes, 5.0)))[:-1])
    return rng.permutation(classes)[np.digitize(decisive[:, 0], cuts)]


def _with_gaps(rng: np.random.Generator, column: FloatArray, own: FloatArray, other: FloatArray) -> FloatArray:
    """Return the column (records, levels) with a share of its values its mean, and an indicator of these beside it."""
    cause = (rng.standard_normal(len(own)), own, other)[rng.integers(3)]
    gone = cause > np.quantile(cause, 1 - rng.uniform(0.05, 0.3))
    filled = np.where(gone[:, None], column[~gone].mean(0), column)
    return np.concatenate([filled, gone[:, None].astype(float)], 1)
