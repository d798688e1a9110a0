"""Options of the commands that take data: what of a table is the class, and what is no feature."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alrl.cli.common import terminal

if TYPE_CHECKING:
    from alrl.data.data_set import DataSet
    from alrl.data.table_recipe import Source
    from alrl.data.tables.report import DataReport

LabelColumn = Annotated[
    str | None, typer.Option(help="Column of the classes, in the tables among the data; looked for if left out.")
]
Drop = Annotated[list[str] | None, typer.Option(help="Column of the tables that is no feature; repeatable.")]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the first line of a text table names its columns, or is found out."
    ),
]


def read_tables(
    data: Sequence[str], *, label: str | None = None, drop: Sequence[str] | None = None, header: bool | None = None
) -> list[str | DataSet]:
    """Return the sources with each table read; what was found out and changed goes to standard error.

    Raises InvalidDataError for a table that cannot be read, and for columns that are named though no source is a table.
    """
    from alrl.data.sources import load_data_set
    from alrl.data.tables.read import is_table
    from alrl.data.tables.text_file import stem
    from alrl.errors import GuessedLabelWarning, InvalidDataError

    tables = [source for source in data if is_table(source)]
    if (label is not None or drop or header is not None) and not tables:
        raise InvalidDataError(
            f"--label, --drop and --header tell of columns of a table, and {', '.join(data)} are none; leave them out"
        )
    stems = Counter(stem(Path(source)) for source in tables)
    read: list[str | DataSet] = []
    for source in data:
        if source not in tables:
            read.append(source)
            continue
        with warnings.catch_warnings():
            # The report says so.
            warnings.simplefilter("ignore", GuessedLabelWarning)
            data_set = load_data_set(source, label=label, drop=drop or (), header=header)
        tell_report(data_set.report)
        read.append(data_set if stems[data_set.name] == 1 else replace(data_set, name=source))
    return read


def tell_tables(sources: Iterable[Source]) -> None:
    """Say, on standard error, what was found out about the tables among the data sets of a recipe."""
    from alrl.data.table_recipe import as_table, load_source

    for source in sources:
        if as_table(source) is not None:
            tell_report(load_source(source).report)


def tell_report(report: DataReport | None) -> None:
    """Say, on standard error, how a table was read."""
    for line in report.lines if report is not None else ():
        terminal(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)
