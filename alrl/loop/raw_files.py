"""Where the raw files of an installed package lie: it is located, never imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def package_folder(package: str, *below: str) -> Path | None:
    """A folder inside an installed package, or None if the package or the folder is not there.

    >>> package_folder("sklearn", "datasets", "data").name, package_folder("no_such_package")
    ('data', None)
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)), *below)
    return folder if folder.is_dir() else None
