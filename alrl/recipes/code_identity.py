"""The code that plays a cell or trains, by content: alrl's own, and that of each class of one's own that is named."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from alrl.recipes.modules import offered_folders, references

Change = Literal["own-code", "alrl-version", "alrl-modules", "unidentified"]
CHANGES: dict[Change, str] = {
    "own-code": "the source, or the installed version, of a class that the cell names is another",
    "alrl-version": "another version of alrl",
    "alrl-modules": "other modules of alrl that play a cell",
    "unidentified": "stored before alrl recorded which code played a cell",
}
"""What may be otherwise than when a cell was played, in words."""
DEFAULT_CHANGES: tuple[Change, ...] = ("own-code", "alrl-version", "alrl-modules")
"""What a study plays cells again for, if it does not say: all but cells whose code is not known."""

_PACKAGE = Path(__file__).parents[1]
_PLAYING = (
    "numerics", "data", "geometry", "loop", "learners", "strategies", "metadata", "envs", "agents",
    "evaluation/simulate.py", "evaluation/curves.py", "studies/cell.py", "studies/cell_data.py", "studies/protocols",
)  # fmt: skip
"""Rooms and modules that a cell's result passes through; what trains a policy counts by the policy's weights."""
_TRAINING = "agents/training"


def code_of(*contents: Any, training: bool = False) -> dict[str, Any]:
    """Return the identity of the code that plays a cell, for JSON: ``contents`` are its specification and its agent's.

    Of alrl the version and, in a checkout, a hash of the modules that play, with ``training`` of those that train, too;
    of each ``package.module:Class`` what :func:`class_code` says.

    >>> sorted(code_of({"learner": {"estimator": "sklearn.svm:SVC"}})["classes"])
    ['sklearn.svm:SVC']
    """
    named = sorted({reference for content in contents for reference in references(content)})
    return {"alrl": alrl_code(training), "classes": {reference: class_code(reference) for reference in named}}


def changes(stored: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[Change]:
    """Return what differs between the code that played a cell and the code as it is now.

    >>> changes({"alrl": {"version": "1", "modules": None}, "classes": {}},
    ...         {"alrl": {"version": "2", "modules": None}, "classes": {}})
    ['alrl-version']
    >>> changes(None, code_of())
    ['unidentified']
    """
    if stored is None:
        return ["unidentified"]
    then, here = dict(stored.get("alrl", {})), now["alrl"]
    # An installed alrl has no hash of its own: its version says all.
    comparable = then.get("modules") is not None and here["modules"] is not None
    differs: dict[Change, bool] = {
        "own-code": stored.get("classes", {}) != now["classes"],
        "alrl-version": then.get("version") != here["version"],
        "alrl-modules": comparable and then["modules"] != here["modules"],
    }
    return [change for change, is_other in differs.items() if is_other]


@cache
def alrl_code(training: bool = False) -> dict[str, str | None]:
    """Return the version of alrl and, where it runs from a checkout, SHA-256 of its modules that play a cell.

    With ``training`` also of those that train.
    """
    try:
        version = metadata.version("alrl")
    except metadata.PackageNotFoundError:
        version = "unknown"
    return {"version": version, "modules": None if _is_installed(_PACKAGE) else _digest(_playing_modules(training))}


def _playing_modules(training: bool = False) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for part in _PLAYING:
        place = _PACKAGE / part
        for path in [place] if place.suffix else place.rglob("*.py"):
            name = path.relative_to(_PACKAGE).as_posix()
            if training or not name.startswith(_TRAINING):
                files[name] = path
    return files


def class_code(reference: str) -> str:
    """Return what identifies the code of ``package.module:Class``, without importing it.

    Of an installed package its name and version, of Python's own its version; of a module of one's own SHA-256 of its
    source and of every module of one's own that it imports; ``not found`` where it cannot be imported.

    >>> class_code("nowhere.at_all:Class")
    'not found'
    """
    if reference not in _codes:
        code = _class_code(reference)
        if code == _NOT_FOUND:
            return code
        _codes[reference] = code
    return _codes[reference]


_NOT_FOUND = "not found"
_codes: dict[str, str] = {}
"""Of the classes that were found in this process: like its modules, they stay what they were when it began."""


def _class_code(reference: str) -> str:
    module = reference.partition(":")[0]
    top = module.partition(".")[0]
    places = _places(top)
    if top in sys.stdlib_module_names:
        return f"Python {platform.python_version()}"
    if not places:
        return _NOT_FOUND
    if _is_installed(places[0]):
        owners = _distributions().get(top, ())
        return ", ".join(f"{owner} {metadata.version(owner)}" for owner in sorted(set(owners))) or f"installed {top}"
    return f"sha256 {_digest(own_sources(module))}"


def own_sources(module: str) -> dict[str, Path]:
    """Return the files of a module of one's own and of those of one's own that it imports, by name of the module.

    Nothing is imported. Modules of installed packages, of Python and of alrl are left out.
    """
    files: dict[str, Path] = {}
    pending = [module]
    while pending:
        parts = pending.pop().split(".")
        for name in (".".join(parts[: end + 1]) for end in range(len(parts))):
            path = None if name in files else _own_file(name)
            if path is not None:
                files[name] = path
                pending += _imports(path, name)
    return files


def source_folders(*contents: Any) -> list[str]:
    """Return the folders from which the modules of one's own are imported that some contents name, and what they use.

    A run keeps them, so that its cells can be played again from anywhere.
    """
    modules = {reference.partition(":")[0] for content in contents for reference in references(content)}
    tops = dict.fromkeys(name.partition(".")[0] for module in sorted(modules) for name in own_sources(module))
    return list(dict.fromkeys(str(place.parent) for top in tops for place in _places(top)))


def _own_file(name: str) -> Path | None:
    top, *rest = name.split(".")
    if top == "alrl" or top in sys.stdlib_module_names:
        return None
    for place in _places(top):
        if _is_installed(place):
            return None
        path = place.joinpath(*rest)
        candidates = [path] if path.suffix == ".py" else [path / "__init__.py", path.with_name(path.name + ".py")]
        known = [candidate for candidate in candidates if candidate.is_file()]
        if known:
            return known[0]
    return None


def _places(top: str) -> tuple[Path, ...]:
    """Return the folders of a package, or the file of a module, by its name without dots; nothing is imported."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        # What lies beside a recipe comes onto Python's path when a class of it is built.
        beside = [place for folder in offered_folders() for place in (folder / top, folder / f"{top}.py")]
        return tuple(place.resolve() for place in beside if place.exists())[:1]
    if spec.submodule_search_locations is not None:
        return tuple(Path(place).resolve() for place in spec.submodule_search_locations)
    return () if spec.origin is None else (Path(spec.origin).resolve(),)


def _imports(path: Path, name: str) -> Iterator[str]:
    """Yield the full names that a module may import; some are of functions and classes in a module."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*around, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _digest(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        # The same source has the same hash whatever a checkout does to the ends of its lines.
        digest.update(f"{name}\0".encode() + files[name].read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _is_installed(place: Path) -> bool:
    return any(part in {"site-packages", "dist-packages"} for part in place.parts)


@cache
def _distributions() -> Mapping[str, Iterable[str]]:
    return metadata.packages_distributions()
