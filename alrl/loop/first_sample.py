"""The labels that a loop starts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidRecipeError
from alrl.loop.split import Split
from alrl.loop.streams import generator


def draw_first_sample(
    split: Split,
    seed: Sequence[int],
    *,
    kind: Literal["one-per-class", "random"] = "one-per-class",
    size: int | None = None,
) -> NDArray[np.int64]:
    """Positions in ``split.pool`` of the records labelled at the start, distinct, with the stream ``first sample``.

    ``one-per-class`` draws one record of every class, in the order of the classes; it takes no ``size``. ``random``
    draws ``size`` records whatever their class: classes may be missing from the sample, the learner then knows of them
    but has no record of them until one is bought.

    Raises InvalidRecipeError for another kind, a size that is missing, not wanted, below 1 or above the pool.

    >>> from alrl.loop.data_set import DataSet
    >>> from alrl.loop.split import draw_split
    >>> split = draw_split(DataSet.from_arrays(np.zeros((20, 1)), ["a", "b"] * 10), [7])
    >>> first = draw_first_sample(split, [7])
    >>> split.data_set.y[split.pool[first]].tolist(), len(draw_first_sample(split, [7], kind="random", size=5))
    ([0, 1], 5)
    """
    rng = generator(seed, "first sample")
    if kind == "one-per-class":
        if size is not None:
            raise InvalidRecipeError(
                f"size = {size} has no meaning for a first sample of kind 'one-per-class'; leave it out or use 'random'"
            )
        order = rng.permutation(len(split.pool))
        _, first = np.unique(split.data_set.y[split.pool[order]], return_index=True)
        return order[first]
    if kind != "random":
        raise InvalidRecipeError(f"first sample of kind {kind!r} is unknown; use 'one-per-class' or 'random'")
    if size is None or not 1 <= size <= len(split.pool):
        raise InvalidRecipeError(
            f"a random first sample of size {size} cannot be drawn; give a size of 1 to {len(split.pool)}, the records"
            " of the pool"
        )
    return rng.choice(len(split.pool), size=size, replace=False)
