"""The labels that a loop starts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from alrl.data.split import Split
from alrl.data.standardisation import Standardisation
from alrl.errors import InvalidRecipeError
from alrl.numerics.streams import generator

FirstKind = Literal["one-per-class", "random", "cluster", "covering", "promising"]
"""How a first sample is drawn."""
_SEVERAL = ("covering", "promising")
_NEIGHBOURS = 20


def draw_first_sample(
    split: Split,
    seed: Sequence[int],
    *,
    kind: FirstKind = "one-per-class",
    size: int | None = None,
    candidates: int | None = None,
) -> NDArray[np.int64]:
    """Return positions in ``split.pool`` of the records labelled at the start, distinct.

    With the stream ``first sample``.

    ``one-per-class`` draws one record of every class, in the order of the classes; it takes no ``size``. The others
    take ``size`` records whatever their class: classes may be missing from the sample, the learner then knows of them
    but has no record of them until one is bought.

    - ``random``: by chance.
    - ``cluster``: the most typical record of each of ``size`` clusters of the pool (TypiClust, Hacohen, Dekel and
      Weinshall 2022): the one of least mean distance to its nearest twenty in the cluster.
    - ``covering``: of ``candidates`` samples, each drawn by chance, the sample that the records of the pool are nearest
      to, by their mean distance to its nearest record. No label is needed to choose, only the sample that is kept is
      labelled.
    - ``promising``: ``candidates`` samples that share no record, one after another, ``candidates * size`` records. All
      are labelled and paid; the simulator keeps the sample whose fit is best on the labels of the others
      (:func:`alrl.loop.first_sample_choice.promising`).

    In a contaminated pool records that were added are not drawn, nor those of missing classes.

    Raises InvalidRecipeError for another kind, a size or number of candidates that is missing, not wanted, below 1 (2)
    or beyond the pool.

    >>> from alrl.data.data_set import DataSet
    >>> from alrl.data.split import draw_split
    >>> split = draw_split(DataSet.from_arrays(np.zeros((20, 1)), ["a", "b"] * 10), [7])
    >>> first = draw_first_sample(split, [7])
    >>> split.data_set.y[split.pool[first]].tolist(), len(draw_first_sample(split, [7], kind="random", size=5))
    ([0, 1], 5)
    """
    rng = generator(seed, "first sample")
    places = _eligible(split)
    check_first(kind, size, candidates, records=len(places))
    if kind == "one-per-class":
        order = rng.permutation(len(places))
        _, first = np.unique(split.data_set.y[split.pool[places[order]]], return_index=True)
        return places[order[first]]
    count = (size or 1) * ((candidates or 1) if kind == "promising" else 1)
    if kind in {"random", "promising"}:
        return places[rng.choice(len(places), size=count, replace=False)]
    X = _standardised(split)[places]
    chosen = _typical(X, count, rng) if kind == "cluster" else _covering(X, count, candidates or 1, rng)
    return places[chosen]


def first_of_pool(
    X: NDArray[np.float64], size: int, kind: Literal["cluster", "covering"], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the positions of ``size`` records of X (N, D), standardised, that no label is needed to choose.

    The most typical record of each of so many clusters, or the one of ten samples drawn by lot that covers X best: see
    :func:`draw_first_sample`.
    """
    return _typical(X, size, rng) if kind == "cluster" else _covering(X, size, 10, rng)


def check_first(kind: FirstKind, size: int | None, candidates: int | None, *, records: int | None = None) -> None:
    """Raise InvalidRecipeError for settings of a first sample that a pool of ``records`` records cannot serve."""
    for name, value in (("size", size), ("candidates", candidates)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer)):
            raise InvalidRecipeError(f"first sample: {name} = {value!r} given; it must be a whole number")
    if kind not in get_args(FirstKind):
        allowed = ", ".join(repr(each) for each in get_args(FirstKind))
        raise InvalidRecipeError(f"first sample of kind {kind!r} is unknown; use one of {allowed}")
    if kind == "one-per-class" and size is not None:
        raise InvalidRecipeError(
            f"size = {size} has no meaning for a first sample of kind 'one-per-class'; leave it out or use 'random'"
        )
    if (kind in _SEVERAL) != (candidates is not None) or (candidates is not None and candidates < 2):
        raise InvalidRecipeError(
            f"candidates = {candidates} given for a first sample of kind {kind!r}; 'covering' and 'promising' take 2 or"
            " more, the others none"
        )
    most = records if records is None or kind != "promising" else records // (candidates or 1)
    if kind != "one-per-class" and (size is None or size < 1 or (most is not None and size > most)):
        upto = "the records of the pool" if most is None else f"{most}, the records of the pool"
        shared = " shared among the candidates" if kind == "promising" else ""
        raise InvalidRecipeError(
            f"a {kind} first sample of size {size} cannot be drawn; give a size of 1 to {upto}{shared}"
        )


def _eligible(split: Split) -> NDArray[np.int64]:
    if split.truth is None:
        return np.arange(len(split.pool))
    places = split.truth.eligible
    return places[~np.isin(split.data_set.y[split.pool[places]], split.truth.missing)]


def _standardised(split: Split) -> NDArray[np.float64]:
    X = split.data_set.X[split.pool]
    return Standardisation.of_table(X).apply(X).astype(np.float64)


def _typical(X: NDArray[np.float64], clusters: int, rng: np.random.Generator) -> NDArray[np.int64]:
    # scikit-learn takes half a second to import: only who clusters pays for it.
    from sklearn.cluster import KMeans

    drawn = KMeans(clusters, n_init=1, random_state=int(rng.integers(2**31))).fit(X)
    return np.array([_most_typical(X, np.flatnonzero(drawn.labels_ == each)) for each in range(clusters)])


def _most_typical(X: NDArray[np.float64], members: NDArray[np.int64]) -> int:
    distance = np.sort(_distances(X[members], X[members]), axis=1)
    return int(members[distance[:, 1 : _NEIGHBOURS + 1].mean(1).argmin()]) if len(members) > 1 else int(members[0])


def _covering(X: NDArray[np.float64], size: int, candidates: int, rng: np.random.Generator) -> NDArray[np.int64]:
    samples = [rng.choice(len(X), size=size, replace=False) for _ in range(candidates)]
    return samples[int(np.argmin([_distances(X, X[sample]).min(1).mean() for sample in samples]))]


def _distances(X: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    squared = (X**2).sum(1)[:, None] + (to**2).sum(1) - 2 * X @ to.T
    distance: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0.0))
    return distance
