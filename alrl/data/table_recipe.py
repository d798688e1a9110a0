"""A table in a recipe: which file, which of its columns is the class, which are no features."""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field

from alrl.data.data_set import DataSet
from alrl.data.sources import find_file, load_data_set
from alrl.data.tables.read import is_archive, is_table
from alrl.data.tables.text_file import stem
from alrl.errors import GuessedLabelWarning
from alrl.recipes.model import OneLine, Recipe, ShownName


class TableRecipe(Recipe):
    """A table of one's own as a data set: what :meth:`~alrl.data.data_set.DataSet.read` takes.

    >>> TableRecipe(file="shop/orders.csv.gz", label="returned").called
    'orders'
    """

    file: OneLine = Field(min_length=1)
    """The file, looked for in the working directory, beside the recipe, and beside those that come with alrl."""
    label: str | None = None
    """Column of the classes, looked for if left out."""
    drop: tuple[str, ...] = ()
    """Columns that are no features."""
    features: tuple[str, ...] | None = None
    """The only features; all columns that look like one if left out."""
    header: bool | None = None
    """Whether the first line of a text file names the columns, found out if left out."""
    name: ShownName | None = None
    """What tables of results call it; the name of the file if left out."""

    @property
    def called(self) -> str:
        """What tables of results call it."""
        return self.name or stem(Path(self.file))

    def located(self, *beside: Path) -> TableRecipe:
        """Return the same with the absolute path of the file, if it is there or in a folder ``beside``."""
        file = find_file(self.file, beside)
        return self.model_copy(update={"file": str(file.resolve())}) if file.is_file() else self

    def load(self) -> DataSet:
        """Return the data set, from memory if the file has not changed since it was read.

        What is guessed about it is said in its report. Raises what :meth:`~alrl.data.data_set.DataSet.read` does.
        """
        here = self.located()
        try:
            state = Path(here.file).stat()
        except OSError:
            return here._read()
        return _remembered(here, state.st_mtime_ns, state.st_size)

    def _read(self) -> DataSet:
        columns: dict[str, Any] = self.model_dump(
            include={"label", "drop", "features", "header"}, exclude_defaults=True
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GuessedLabelWarning)
            return DataSet.read(find_file(self.file), name=self.called, **columns)


Source = ShownName | TableRecipe
"""A data set in a recipe: a name or a file, or a table with more than its place."""


@lru_cache(maxsize=16)
def _remembered(table: TableRecipe, changed: int, size: int) -> DataSet:  # noqa: ARG001 - of that state of the file
    return table._read()


def as_table(source: Source) -> TableRecipe | None:
    """Return the table that a recipe names, None for a data set that goes by its name.

    >>> as_table("iris"), as_table("own.csv").called
    (None, 'own')
    """
    if isinstance(source, TableRecipe):
        return source
    return TableRecipe(file=source) if is_table(source) or is_archive(source) else None


def source_name(source: Source) -> str:
    """Return what tables of results call a data set.

    >>> source_name("iris"), source_name("shop/own.csv"), source_name(TableRecipe(file="own.csv", name="orders"))
    ('iris', 'own', 'orders')
    """
    table = as_table(source)
    return str(source) if table is None else table.called


def load_source(source: Source) -> DataSet:
    """Return a data set that a recipe names; nothing is guessed aloud, the data set's report says what was.

    >>> load_source("iris").n_records
    150
    """
    table = as_table(source)
    return load_data_set(source) if table is None else table.load()


def located(source: Source, folder: Path) -> Source:
    """Return a data set that is named in a recipe in ``folder``: a file is looked for beside the recipe too."""
    table = as_table(source)
    if table is None or find_file(table.file).is_file():
        return source
    return table.located(folder) if find_file(table.file, [folder]).is_file() else source
