"""The data set that a cell is played on: by its name, or from the file that the cell tells of."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alrl.data.data_set import DataSet
from alrl.data.families import akin
from alrl.data.table_recipe import Source, TableRecipe, as_table, load_source
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.studies.canonical import SOURCE


def source_of(source: Source) -> dict[str, Any]:
    """Return the keys of a cell that say where its table is read from; none for a data set that goes by its name.

    >>> source_of("iris")
    {}
    """
    table = as_table(source)
    return {} if table is None else {SOURCE: table.located().model_dump(exclude_defaults=True)}


def data_of(cell: Mapping[str, Any]) -> DataSet:
    """Return the data set of a cell.

    Raises InvalidDataError if its file is no longer where it was, and what loading raises.
    """
    if SOURCE not in cell:
        return load_source(cell["data_set"])
    try:
        table = TableRecipe.model_validate({"name": cell["data_set"], **cell[SOURCE]})
    except (ValidationError, TypeError) as error:
        raise InvalidDataError(
            f"a cell tells of its table what no study tells: {error}; run the study again"
        ) from error
    if not Path(table.file).is_file():
        raise InvalidDataError(
            f"the file of data set {cell['data_set']!r} is no longer at {table.file}: put it back, or run the study"
            " again from where it is"
        )
    return table.load()


def check_distinct(sources: Mapping[str, Source]) -> None:
    """Refuse data sets of one content under two names, which count as two; warn of those that share records.

    Raises InvalidRecipeError that names both, and what loading a data set does.
    """
    known: dict[str, str] = {}
    for name, source in sources.items():
        first = known.setdefault(load_source(source).fingerprint, name)
        if first != name:
            raise InvalidRecipeError(
                f"data sets {first!r} and {name!r} have the same content, and would count as two: leave one out"
            )
    for text in akin(sources):
        warnings.warn(text, UserWarning, stacklevel=2)
