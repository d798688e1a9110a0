"""Labels of labelled records as people hold them: lists, arrays, series, categories, tensors, columns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from alrl.agents.own_data.records import Records
from alrl.data.tables.frames import refuse_another_order
from alrl.errors import OUT_OF_SCOPE, InvalidDataError


def read_labels(y: Any, labelled: Records | None, name: str = "y_labelled") -> list[Any]:
    """Return one label, a Python object, a labelled record.

    Raises InvalidDataError for another number of them than records, several columns, a label that is missing, numbers
    that are no classes, and an index that is that of the records in another order.

    >>> read_labels(np.array([[1.0], [2.0]]), None)
    [1, 2]
    """
    count = 0 if labelled is None else len(labelled)
    refuse_another_order(None if labelled is None else labelled.ids, y, "X_labelled", name)
    array = _as_array([] if y is None else y, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim > 1:
        raise InvalidDataError(
            f"{name} has shape {array.shape}, several columns a record; {OUT_OF_SCOPE}: of one-hot columns give"
            f" {name}.argmax(1)"
        )
    if labelled is None and not array.ndim:
        raise InvalidDataError(f"{name} has shape (); expected one label a record")
    if labelled is not None and array.shape != (count,):
        raise InvalidDataError(f"{name} has shape {array.shape}; expected ({count},), one label a labelled record")
    labels = [label.item() if isinstance(label, np.generic) else label for label in array.tolist()]
    missing = [place for place, label in enumerate(labels) if _is_missing(label)]
    if missing:
        raise InvalidDataError(
            f"{name} holds {len(missing)} missing labels, the first in row {missing[0]}; give the records without a"
            " label in X_pool"
        )
    if any(isinstance(label, list | tuple | set | dict) for label in labels):
        raise InvalidDataError(f"{name} holds several labels a record; {OUT_OF_SCOPE}")
    if any(isinstance(label, float) and not label.is_integer() for label in labels):
        raise InvalidDataError(f"{name} holds numbers that are no classes, as in regression; {OUT_OF_SCOPE}")
    return [int(label) if isinstance(label, float) else label for label in labels]


def refuse_other_writing(labels: Iterable[Any], known: Iterable[Any], name: str = "y_labelled") -> None:
    """Raise InvalidDataError for a label that differs from a class in writing alone: it would be a class of its own.

    >>> refuse_other_writing(["none"], ["yes", "no"])
    """
    written = {str(each).strip().casefold(): each for each in known}
    for label in labels:
        meant = written.get(str(label).strip().casefold(), label)
        if meant is not label:
            raise InvalidDataError(
                f"{name} holds {label!r}, which differs from the class {meant!r} in writing alone; write it as that is,"
                " or name it in classes= if it is another class"
            )


def _as_array(y: Any, name: str) -> Any:
    if hasattr(y, "tocsr"):
        raise InvalidDataError(f"{name} is a sparse matrix of several labels a record; {OUT_OF_SCOPE}")
    if hasattr(y, "detach"):
        return y.detach().cpu().numpy()
    if hasattr(y, "to_numpy"):
        return np.asarray(y.to_numpy())
    # A list of text and numbers would become text alone.
    return np.array(y, dtype=object) if isinstance(y, list | tuple) else np.asarray(y)


def _is_missing(label: Any) -> bool:
    if label is None or type(label).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(label, float) and math.isnan(label)
