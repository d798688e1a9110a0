"""Export of stored runs to other tools: CSV and Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alrl.errors import AlrlError
from alrl.evaluation.curves import Curves
from alrl.evaluation.spreadsheet import SpreadsheetWriter
from alrl.numerics.arguments import one_of
from alrl.studies.canonical import canonical, run_id
from alrl.studies.description import RunDirectoryError, read_description
from alrl.studies.store.rows import csv_header, csv_rows
from alrl.studies.store.store import RESULTS, Store, StoredCell

_CELL_HEADER = (
    "id", "agent", "data_set", "status", "seconds", "cpu_seconds", "peak_bytes", "added", "spec", "provenance",
    "traceback", "code",
)  # fmt: skip


class ExportError(AlrlError):
    """An export that needs a package which is not installed.

    To do: install the package that is named.
    """


def export_files(run: Path | str, out: Path | str, kind: Literal["csv", "parquet"]) -> list[Path]:
    """Write ``curves`` and ``cells`` of the run's study into the folder ``out``, each in one step.

    ``curves``: one row a data set, strategy, learner, batch, seed and label count; of contaminated pools also what the
    record was that the label went to. ``cells``: one row a cell, failed ones too, with its specification and provenance
    as JSON.

    Raises ExportError if polars is missing for Parquet, RunDirectoryError or StoreError if the run cannot be read.
    """
    folder, target = Path(run), Path(out)
    curves, cells = _stored(folder)
    target.mkdir(parents=True, exist_ok=True)
    header = csv_header(curves)
    sheets = {
        "curves": (header, [row for each in curves for row in csv_rows(each, header)]),
        "cells": (_CELL_HEADER, [_cell_row(cell) for cell in cells]),
    }
    write = _write_csv if kind == "csv" else _write_parquet
    return [write(target / f"{name}.{kind}", *sheet) for name, sheet in sheets.items()]


@dataclass(frozen=True, kw_only=True)
class RunFrames:
    """A stored run as two data frames."""

    curves: Any
    """A row for each data set, strategy, learner, batch, seed and label count."""
    cells: Any
    """A row for each cell, failed ones too, its specification and provenance as JSON."""


def read_run(run: Path | str, *, frames: Literal["pandas", "polars"] = "pandas") -> RunFrames:
    """Return the curves and the cells of a run's study, as data frames of pandas or polars.

    Raises RunDirectoryError or StoreError if the run cannot be read, InvalidQueryError for other ``frames``.
    """
    if not isinstance(run, str | os.PathLike):
        raise RunDirectoryError(f"a run called {run!r} given; give the folder that `alrl run` wrote")
    one_of("frames", frames, ("pandas", "polars"))
    curves, cells = _stored(Path(run))
    header = csv_header(curves)
    of_curves = _columns(header, (row for each in curves for row in csv_rows(each, header)))
    of_cells = _columns(_CELL_HEADER, map(_cell_row, cells))
    if frames == "pandas":
        import pandas as pd

        return RunFrames(curves=pd.DataFrame(of_curves), cells=pd.DataFrame(of_cells))
    import polars as pl

    return RunFrames(curves=pl.DataFrame(of_curves, strict=False), cells=pl.DataFrame(of_cells, strict=False))


def _stored(folder: Path) -> tuple[list[Curves], list[StoredCell]]:
    """Return curves and cells of the study that the folder was last run with, in its order."""
    wanted = [run_id(cell) for cell in read_description(folder)["cells"]]
    with Store(folder / RESULTS, read_only=True) as store:
        return store.curves(wanted), store.cells(wanted)


def _cell_row(cell: StoredCell) -> list[Any]:
    status = "finished" if cell.finished else "failed"
    effort = (cell.seconds, cell.cpu_seconds, cell.peak_bytes, cell.added)
    code = None if cell.code is None else canonical(cell.code)
    content = (canonical(cell.spec), canonical(cell.provenance), cell.traceback, code)
    return [cell.id, cell.spec.get("agent"), cell.spec.get("data_set"), status, *effort, *content]


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Path:
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = SpreadsheetWriter(file)
        writer.writerow(header)
        writer.writerows(rows)
    return part.replace(path)


def _columns(header: Iterable[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    kept = list(rows)
    # No query precedes the first value of a curve: that is no record, and no empty text.
    return {name: [None if row[at] == "" else row[at] for row in kept] for at, name in enumerate(header)}


def _write_parquet(path: Path, header: Iterable[str], rows: Iterable[Sequence[Any]]) -> Path:
    try:
        import polars as pl
    except ImportError as error:
        raise ExportError("Parquet needs polars, which is not installed: pip install 'alrl[parquet]'") from error
    part = path.with_name(path.name + ".part")
    pl.DataFrame(_columns(header, rows), strict=False).write_parquet(part)
    return part.replace(path)
