"""Refuses a study whose data sets a policy has seen: by name, by family, and by rows where a file is involved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.data.families import related
from alrl.data.table_recipe import load_source
from alrl.data.tables.read import is_archive, is_table
from alrl.data.tables.text_file import stem
from alrl.errors import AlrlError, InvalidRecipeError

_SHARE = 0.2
"""Share of the smaller table's distinct rows from which two tables count as relatives."""


def refuse_seen(
    agent: str, seen: tuple[str, ...], held_out: Sequence[str | DataSet], *, where: str = "the study's data"
) -> None:
    """Raise InvalidRecipeError if ``agent`` has ``seen`` a data set of ``held_out``, or a relative of one.

    Data sets that are no names count as files do: their records are compared too.
    """
    # Names first: they ask for no file.
    for same in (_same_name, _same_rows):
        for trained, name in product(seen, held_out):
            if same(trained, name):
                shown = name.name if isinstance(name, DataSet) else name
                raise InvalidRecipeError(
                    f"agent {agent!r} was trained on {trained!r}, which shares records with {shown!r}: leave"
                    f" {shown!r} out of {where}, or train the policy without {trained!r}"
                )


def shared_rows(first: DataSet, second: DataSet) -> float:
    """Return the share of the smaller data set's distinct rows of features that are rows of the other too.

    >>> a = DataSet.from_arrays([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [0, 1, 0])
    >>> b = DataSet.from_arrays([[2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]], [0, 1, 0, 1])
    >>> round(shared_rows(a, b), 3), shared_rows(a, DataSet.from_arrays([[0.0], [1.0]], [0, 1]))
    (0.667, 0.0)
    """
    if first.n_features != second.n_features:
        return 0.0
    one, other = _rows(first), _rows(second)
    return len(np.intersect1d(one, other, assume_unique=True)) / min(len(one), len(other))


def _plain(source: str | DataSet) -> str:
    """Return the data set that a source goes by: a file is taken for the one that it is named after."""
    if isinstance(source, DataSet):
        return source.name
    return stem(Path(source)) if _is_file(source) else source


def _is_file(source: str | DataSet) -> bool:
    return isinstance(source, DataSet) or is_table(source) or is_archive(source)


def _same_name(seen: str, held_out: str | DataSet) -> bool:
    return related(_plain(seen), _plain(held_out))


def _same_rows(seen: str, held_out: str | DataSet) -> bool:
    """Return whether records are shared: names tell for data sets that are known, the rows of a file are looked at."""
    if not (_is_file(seen) or _is_file(held_out)) or seen.startswith("synthetic/"):
        return False
    try:
        trained = load_source(seen)
    except AlrlError:
        # What a policy of someone else was trained on may not be here; then its name has to do.
        return False
    return shared_rows(trained, held_out if isinstance(held_out, DataSet) else load_source(held_out)) >= _SHARE


def _rows(data: DataSet) -> NDArray[np.void]:
    # Adding zero makes one of the two zeros.
    X = np.ascontiguousarray(data.X + 0.0)
    return np.unique(X.view(np.dtype((np.void, X.dtype.itemsize * X.shape[1]))).ravel())
