"""Load data sets by name, from a file or from arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.data.families import family
from alrl.data.installed_packages import common_names, keel_names, load_common, load_keel, load_musk, musk_is_there
from alrl.data.synthetic import FAMILIES, synthetic
from alrl.data.tables.frames import collected, is_frame, refuse_another_order
from alrl.data.tables.read import not_a_file
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.recipes import folders
from alrl.recipes.suggest import unknown

_SCIKIT_LEARN = ("breast_cancer", "digits", "iris", "wine")


def load_data_set(
    source: Any,
    *,
    label: str | int | None = None,
    drop: Sequence[str] = (),
    features: Sequence[str] | None = None,
    header: bool | None = None,
) -> DataSet:
    """Return a data set from its name, the path of a file, a frame, a pair (X, y), or itself.

    Names: ``iris``, ``wine``, ``breast_cancer`` and ``digits`` of scikit-learn; ``keel/<name>`` with the extra
    ``bench``, and with it ``common/<name>`` and ``musk`` (:mod:`alrl.data.installed_packages`);
    ``synthetic/<family>-<seed>`` (:mod:`alrl.data.synthetic`). ``-`` and ``_`` mean the same. Files and frames: as
    :meth:`DataSet.read` takes them, with ``label``, ``drop``, ``features`` and ``header``. A relative path is looked up
    in the working directory, then beside the folders of recipes: ``envs/docstrings.npz`` comes with alrl.

    Raises InvalidRecipeError for a name or file that there is not, InvalidDataError for content that cannot be used.

    >>> load_data_set("breast-cancer").X.shape, load_data_set("synthetic/tiny-3").name
    ((569, 30), 'synthetic/tiny-3')
    """
    given = {"label": label, "drop": tuple(drop) or None, "features": features, "header": header}
    columns: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    source = collected(source)
    if is_frame(source) or is_file(source):
        return DataSet.read(find_file(source) if isinstance(source, str | os.PathLike) else source, **columns)
    if columns:
        raise InvalidDataError(
            f"{next(iter(columns))} tells of a column of a table; {_shown(source)} is none, so leave it out, or give a"
            " file or a frame"
        )
    if isinstance(source, DataSet):
        return source
    if isinstance(source, tuple | list) and len(source) == 2 and not any(isinstance(part, str) for part in source):
        return _from_pair(*source)
    if isinstance(source, str) and Path(source).is_dir() and source not in data_set_names():
        raise not_a_file(source)
    if not isinstance(source, str):
        raise InvalidDataError(
            f"a data set cannot be made of {type(source).__name__}; give a name, the path of a table (.csv, .parquet,"
            " ...) or .npz file, a frame, a pair (X, y) or a DataSet"
        )
    return _named(source)


def data_set_names() -> tuple[str, ...]:
    """Return names that :func:`load_data_set` knows, sorted; of each synthetic family, seed 0 stands for all seeds.

    >>> "iris" in data_set_names(), "synthetic/mixed-0" in data_set_names()
    (True, True)
    """
    keel = (f"keel/{name}" for name in keel_names())
    common = (f"common/{name}" for name in common_names())
    musk = ["musk"] if musk_is_there() else []
    return tuple(sorted([*_SCIKIT_LEARN, *common, *keel, *musk, *(f"synthetic/{name}-0" for name in FAMILIES)]))


def _from_pair(X: Any, y: Any) -> DataSet:
    """Return the data set of arrays, or of a frame with text, dates or gaps in it and the classes of its rows."""
    X, y = collected(X), collected(y)
    refuse_another_order(getattr(X, "index", None), y, "X", "y")
    if not is_frame(X) or _is_plain(X.to_numpy()):
        return DataSet.from_arrays(X, y)
    classes = y.to_list() if hasattr(y, "to_list") else np.asarray(y).tolist()
    if len(classes) != len(X):
        raise InvalidDataError(f"X has {len(X)} records and y has {len(classes)}; each record needs exactly one class")
    label = "class" if "class" not in X.columns else "class of X"
    if hasattr(X, "iloc"):
        return DataSet.read(X.assign(**{label: classes}), label=label)
    return DataSet.read(X.with_columns(type(X)({label: classes})[label]), label=label)


def _is_plain(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "bui" or (array.dtype.kind == "f" and bool(np.isfinite(array).all()))


def is_file(source: Any) -> bool:
    """Return whether this is the path of a file, rather than a name.

    >>> is_file("own.csv"), is_file("iris")
    (True, False)
    """
    return isinstance(source, os.PathLike) or (isinstance(source, str) and bool(Path(source).suffix))


def _shown(source: Any) -> str:
    return repr(source) if isinstance(source, str) else f"a {type(source).__name__}"


def find_file(file: str | os.PathLike[str], beside: Sequence[Path] = ()) -> Path:
    """Return the file, or that of its name in the folders ``beside``, or beside the recipes that come with alrl.

    So a recipe's own data is found from anywhere. A file that is nowhere is returned as it is.
    """
    path = Path(file)
    if path.is_file() or path.is_absolute():
        return path
    places = [*beside, *(folder.parent for folder in folders("envs"))]
    return next((place for folder in places if (place := folder / path).is_file()), path)


# A study asks for the same data sets again and again, some take half a second; none can be changed.
@lru_cache(maxsize=64)
def _named(name: str) -> DataSet:
    plain = name.replace("_", "-")
    group, _, rest = plain.partition("/")
    if group == "keel" and rest:
        return load_keel({known.replace("_", "-"): known for known in keel_names()}.get(rest, rest))
    if group == "common" and rest:
        return load_common({known.replace("_", "-"): known for known in common_names()}.get(rest, rest))
    if plain == "musk":
        return load_musk()
    if group == "synthetic" and rest:
        return _synthetic(name, rest)
    for known in _SCIKIT_LEARN:
        if plain == known.replace("_", "-"):
            return _scikit_learn(known)
    # A bare KEEL name is the likeliest slip: compare what follows the last slash, then say the whole name.
    whole = {known.rpartition("/")[2]: known for known in data_set_names()}
    if plain in whole:
        raise InvalidRecipeError(f'unknown data set "{name}"; did you mean "{whole[plain]}"?')
    raise InvalidRecipeError(unknown("data set", name, data_set_names(), listing="alrl list data"))


def _synthetic(name: str, rest: str) -> DataSet:
    kind, _, seed = rest.rpartition("-")
    if not (seed.isascii() and seed.isdigit()):
        raise InvalidRecipeError(
            f'"{name}" names no seed; write "synthetic/<family>-<seed>", such as "synthetic/mixed-0"'
        )
    return synthetic(kind, int(seed))


@cache
def _scikit_learn(name: str) -> DataSet:
    # Kept: a data set cannot be changed, and reading its file takes as long as twenty queries.
    # scikit-learn takes half a second to import: only who loads one of its data sets pays for it.
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    data_set = DataSet.from_arrays(bunch.data, bunch.target, name=name, origin=(family(name),))
    return replace(data_set, class_names=tuple(map(str, bunch.target_names)))
