"""Pool and labelled set side by side: of one kind, with the same columns in the same order."""

from __future__ import annotations

from typing import Any

from alrl.agents.own_data.records import Records, read_records, take_columns
from alrl.errors import InvalidDataError, InvalidQueryError


def read_pair(X_pool: Any, X_labelled: Any, model: Any = None) -> tuple[Records, Records | None]:
    """Return the records of pool and labelled set, the columns of frames aligned by name; None if none is labelled.

    Where the model knows columns by name these are taken, in its order.

    Raises InvalidQueryError for an empty pool, InvalidDataError for two sets of different kinds or columns.
    """
    if _length(X_pool) == 0:
        raise InvalidQueryError("X_pool is empty; there is nothing left to query")
    pool = read_records(X_pool, "X_pool")
    if X_labelled is None or _length(X_labelled) == 0:
        return _known_columns(pool, model), None
    labelled = read_records(X_labelled, "X_labelled")
    if pool.ids is not None and len(set(pool.ids.tolist())) < len(pool):
        raise InvalidDataError(
            "the index of X_pool holds labels more than once, so that they name no record; give"
            " X_pool.reset_index(drop=True)"
        )
    pool, labelled = _known_columns(pool, model), _known_columns(labelled, model)
    if pool.columns is not None and labelled.columns is not None:
        extra = [column for column in pool.columns if column not in labelled.columns]
        if extra:
            raise InvalidDataError(
                f"X_pool has the columns {extra[:3]}, which X_labelled lacks; give both the same columns"
            )
        pool = take_columns(pool, labelled.columns)
    _check_alike(pool, labelled)
    return pool, labelled


def _known_columns(records: Records, model: Any) -> Records:
    # Of a committee what every member knows: the other columns are none of its business.
    members = model if isinstance(model, list | tuple) else [model]
    known = [list(getattr(member, "feature_names_in_", ())) for member in members]
    names = known[0] if known and all(set(each) == set(known[0]) for each in known) else []
    if not names or records.columns is None or not set(names) & set(records.columns):
        return records
    return take_columns(records, names)


def _check_alike(pool: Records, labelled: Records) -> None:
    tables = {"matrix", "sparse", "frame"}
    if pool.kind != labelled.kind and not {pool.kind, labelled.kind} <= tables:
        raise InvalidDataError(
            f"X_pool holds {_WORDS[pool.kind]} and X_labelled {_WORDS[labelled.kind]}; give both alike"
        )
    if pool.width != labelled.width:
        raise InvalidDataError(
            f"X_pool has {pool.width} features and X_labelled {labelled.width}; give both the same columns"
        )
    if pool.kind == labelled.kind == "array" and pool.value.shape[1:] != labelled.value.shape[1:]:
        raise InvalidDataError(
            f"X_pool holds records of shape {pool.value.shape[1:]} and X_labelled of {labelled.value.shape[1:]}; give"
            " both alike"
        )


_WORDS = {
    "matrix": "numbers",
    "sparse": "a sparse matrix",
    "frame": "a frame",
    "text": "text",
    "array": "arrays of more axes than two",
    "others": "other objects",
}


def _length(X: Any) -> int | None:
    """Return the number of records, where it can be told."""
    shape = getattr(X, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else None
    return len(X) if hasattr(X, "__len__") else None
