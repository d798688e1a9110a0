"""Families of synthetic tasks: unlimited data sets to train querying policies on, each fixed by a family and a seed.

Every task has 2 to 20 classes of at least 10 records each, 2 to 200 standardised features and, but for ``tiny``, about
1000 records in random order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from alrl.data.data_set import DataSet
from alrl.data.synthetic.blobs import (
    make_crowded,
    make_heavy_tailed,
    make_high_dimensional,
    make_imbalanced,
    make_many_class,
    make_noisy,
    make_tiny,
)
from alrl.data.synthetic.categorical import make_categorical
from alrl.data.synthetic.causal import make_causal
from alrl.data.synthetic.mixed import make_mixed
from alrl.data.synthetic.overlapping import make_overlapping
from alrl.data.synthetic.text_like import make_text_like
from alrl.errors import InvalidRecipeError
from alrl.recipes.suggest import unknown

FAMILIES: Mapping[str, Callable[[int], DataSet]] = MappingProxyType(
    {
        "mixed": make_mixed,
        "categorical": make_categorical,
        "high-dimensional": make_high_dimensional,
        "overlapping": make_overlapping,
        "imbalanced": make_imbalanced,
        "tiny": make_tiny,
        "many-class": make_many_class,
        "crowded": make_crowded,
        "heavy-tailed": make_heavy_tailed,
        "text-like": make_text_like,
        "noisy": make_noisy,
        "causal": make_causal,
    }
)
"""Maker of a task, by the name of its family."""


def synthetic(family: str, seed: int) -> DataSet:
    """Return the task of a family with a seed, always the same one.

    Raises InvalidRecipeError for an unknown family and a negative seed.

    >>> synthetic("tiny", 4).name, synthetic("tiny", 4).fingerprint == synthetic("tiny", 5).fingerprint
    ('synthetic/tiny-4', False)
    """
    if family not in FAMILIES:
        raise InvalidRecipeError(unknown("synthetic family", family, FAMILIES))
    if seed < 0:
        raise InvalidRecipeError(f"seed {seed} of a synthetic task is negative; give 0 or more")
    return FAMILIES[family](seed)


__all__ = ["FAMILIES", "synthetic"]
