"""The data set that a cell is played on: by its name, or from the file that the cell tells of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alrl.data.data_set import DataSet
from alrl.data.table_recipe import Source, TableRecipe, as_table, load_source
from alrl.errors import InvalidDataError
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
    table = TableRecipe.model_validate({"name": cell["data_set"], **cell[SOURCE]})
    if not Path(table.file).is_file():
        raise InvalidDataError(
            f"the file of data set {cell['data_set']!r} is no longer at {table.file}: put it back, or run the study"
            " again from where it is"
        )
    return table.load()
