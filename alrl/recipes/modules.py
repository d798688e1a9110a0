"""Modules of one's own beside a recipe: a class that it names is found there, as a script's imports are."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""How recipes name a class: ``package.module:Class``."""
_KINDS = {"envs", "agents", "experiments"}
_added: list[str] = []


def let_import(content: Any, folders: Iterable[Path]) -> None:
    """Let modules be imported from folders, at the end of Python's path, if the content names one that lies there.

    Nothing is imported. A module that Python finds without the folder stays what it is. Processes that are started
    later inherit the path.
    """
    places = [place for folder in folders for place in _around(folder.resolve())]
    for name in {reference.partition(":")[0].partition(".")[0] for reference in _references(content)}:
        if importlib.util.find_spec(name) is not None:
            continue
        place = next((place for place in places if (place / f"{name}.py").is_file() or (place / name).is_dir()), None)
        if place is not None:
            sys.path.append(str(place))
            _added.append(str(place))
            importlib.invalidate_caches()


def module_folders() -> list[str]:
    """Return the folders that :func:`let_import` added to Python's path: a run keeps them, to be played again."""
    return list(_added)


def _around(folder: Path) -> list[Path]:
    """Return the folder of a recipe and, if it is one of those that recipes live in, the folder around it."""
    return [folder, folder.parent] if folder.name in _KINDS else [folder]


def _references(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        if CLASS.fullmatch(content):
            yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _references(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _references(value)
