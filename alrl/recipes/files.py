"""Finds and parses recipes: TOML files in the folders ``envs``, ``agents`` and ``experiments``. Knows no schema.

The folder is the registry: a file dropped into one of these folders is known by its name. A recipe is parsed, never
evaluated; code is named ``package.module:Class``.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
import warnings
from collections.abc import Collection, Mapping
from datetime import date, time
from enum import Enum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from alrl.errors import InvalidRecipeError, ShadowedNameWarning
from alrl.recipes.modules import let_import
from alrl.recipes.regular_files import irregular, read_regular
from alrl.recipes.suggest import SINGULAR, missing

if TYPE_CHECKING:
    from alrl.recipes.model import Recipe

RecipeKind = Literal["envs", "agents", "experiments"]
"""The three folders of recipes."""

R = TypeVar("R", bound="Recipe")

_MOST_BYTES = 1 << 20
_ADVICE = "give the path of a .toml file"
_PACKAGE = Path(__file__).resolve().parents[1]
_IN_A_CHECKOUT = {("experiments", "lu2023"), ("agents", "qbc"), ("agents", "us-nc")}
"""Recipes that the wheel does not carry, since their code is not in it."""


def names(kind: RecipeKind) -> list[str]:
    """Return the names of all recipes of a kind, sorted.

    Those of the working directory and those that come with alrl.
    """
    return sorted({path.stem for folder in folders(kind) for path in folder.glob("*.toml")})


def find(kind: RecipeKind, name: str | Path, *, known: Collection[str] | None = None) -> Path:
    """Return the file of a recipe, given as a path to a .toml file or as a name.

    A name is looked up in the working directory's folder of that kind first, then among those that come with alrl. The
    path ``agents/<name>.toml`` of a shipped recipe is good outside a checkout too; likewise for the other kinds.
    ``known`` are names that an error may suggest, by default those of all recipes of that kind.

    Raises:
        InvalidRecipeError: there is no such file, or no recipe of that name.
    """
    if str(name).endswith(".toml"):
        given = Path(name)
        # A shipped recipe goes by its path in a checkout where there is no checkout too.
        places = [given, _home(kind) / given.name] if given.parent == Path(kind) else [given]
        if (file := next((place for place in places if place.is_file()), None)) is not None:
            return file
        if strange := irregular(given):
            raise InvalidRecipeError(f"{name}: {strange}, not a regular file; {_ADVICE}")
        raise InvalidRecipeError(f"no file {name}; {missing(kind, Path(name).stem, known or names(kind))}")
    for folder in folders(kind):
        for path in folder.glob("*.toml"):
            if path.stem == str(name):
                return path
    if (kind, str(name)) in _IN_A_CHECKOUT:
        raise InvalidRecipeError(
            f"{SINGULAR[kind]} {name} belongs to a replication, whose code lies in alrl's repository and not in the"
            " installed package: clone the repository, run `make install` there, and run it again"
        )
    raise InvalidRecipeError(f"{missing(kind, str(name), known or names(kind))}. Or give the path of a .toml file.")


def own(kind: RecipeKind, name: str) -> Path | None:
    """Return the recipe of a name in the working directory's own folder, None if there is none.

    The folder of alrl's recipes, in a checkout, is not counted as such.
    """
    file = Path(kind) / f"{name}.toml"
    return file if file.is_file() and file.resolve() != _home(kind) / file.name else None


def shipped(kind: RecipeKind, name: str) -> Path | None:
    """Return the recipe of a name that comes with alrl, None if there is none."""
    file = _home(kind) / f"{name}.toml"
    return file if file.is_file() else None


def hides(kind: RecipeKind, name: str) -> bool:
    """Return whether a recipe of the working directory hides another one of its name that comes with alrl."""
    mine, theirs = own(kind, name), shipped(kind, name)
    return mine is not None and theirs is not None and _bounded(mine) != _bounded(theirs)


def say_if_hidden(kind: RecipeKind, name: str | Path) -> None:
    """Warn with ShadowedNameWarning if a recipe of the working directory hides one that comes with alrl."""
    if hides(kind, str(name)):
        text = f"{own(kind, str(name))} is taken: it hides the {SINGULAR[kind]} of that name that comes with alrl"
        warnings.warn(text, ShadowedNameWarning, stacklevel=3)


def read(path: str | Path) -> dict[str, Any]:
    """Return the content of a TOML file; modules beside it that it names a class of can then be imported.

    Raises:
        InvalidRecipeError: the file cannot be read, or is not TOML; says in which line.
    """
    path = Path(path)
    data = _bounded(path)
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidRecipeError(f"{path}, line {line}: not UTF-8, which TOML has to be") from error
    except (ValueError, RecursionError) as error:
        # Beside TOML's own errors: numbers of thousands of digits, and thousands of brackets.
        raise InvalidRecipeError(f"{path}: not valid TOML: {error}") from error
    let_import(content, [path.parent])
    return content


def _bounded(path: Path) -> bytes:
    return read_regular(path, _MOST_BYTES, error=InvalidRecipeError, advice=_ADVICE)


def parse(model: type[R], data: Mapping[str, Any], *, where: str) -> R:
    """Check ``data`` against a recipe class; types are taken as written (``"1"`` and ``true`` are no integers).

    Raises:
        InvalidRecipeError: one line for each problem, under a first line that names ``where``.

    >>> from alrl.recipes import Recipe, parse
    >>> class Budget(Recipe):
    ...     labels: int = 100
    >>> parse(Budget, {"labels": 60}, where="my.toml")
    Budget(labels=60)
    >>> parse(Budget, {"lables": 60}, where="my.toml")
    Traceback (most recent call last):
    alrl.errors.InvalidRecipeError: my.toml:
      lables: unknown key, did you mean "labels"?; allowed: labels
    """
    from pydantic import ValidationError

    from alrl.recipes.model import explain

    try:
        # Through JSON, where strict means what TOML means: an array may fill a tuple, a string never fills a number.
        return model.model_validate_json(json.dumps(dict(data), default=_plain), strict=True)
    except ValidationError as error:
        raise InvalidRecipeError("\n  ".join([f"{where}:", *explain(error, model)])) from error


def merged(content: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's content with some of it changed: tables are merged key by key, any other value is replaced.

    ``False`` where the recipe has a table takes the table away.

    >>> merged({"a": {"b": 1, "c": 2}, "d": {"e": 3}, "f": [4, 5]}, {"a": {"b": 6}, "d": False, "f": [7]})
    {'a': {'b': 6, 'c': 2}, 'f': [7]}
    """
    both = dict(content)
    for key, value in change.items():
        known = both.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            both[key] = merged(known, value)
        elif isinstance(known, Mapping) and value is False:
            del both[key]
        else:
            both[key] = value
    return both


def canonical_json(recipe: Recipe) -> str:
    """Return the recipe as JSON with all defaults filled in, keys sorted, no whitespace.

    >>> from alrl.recipes import Recipe, canonical_json
    >>> class Budget(Recipe):
    ...     labels: int = 100
    ...     batch: int = 1
    >>> canonical_json(Budget())
    '{"batch":1,"labels":100}'
    """
    plain = recipe.model_dump(serialize_as_any=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def identity(recipe: Recipe) -> str:
    """Return the SHA-256 of the canonical JSON, in hexadecimal: two recipes are the same where this is."""
    return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()


def first_line_comment(path: str | Path) -> str:
    """Return what a recipe says of itself: the text of its first line if that is a comment, else nothing.

    A file that cannot be read as a recipe says nothing.
    """
    try:
        line = _bounded(Path(path)).partition(b"\n")[0].decode("utf-8", errors="replace").strip()
    except InvalidRecipeError:
        return ""
    return line.lstrip("#").strip() if line.startswith("#") else ""


def folders(kind: RecipeKind) -> list[Path]:
    """Return the folders that recipes of a kind are looked up in.

    The working directory's, then the one that comes with alrl.

    Files that recipes name, such as a data set, may lie beside them.
    """
    return [folder for folder in (Path.cwd() / kind, _home(kind)) if folder.is_dir()]


def _home(kind: RecipeKind) -> Path:
    """Return where alrl's own recipes lie.

    At the root of the checkout it runs from, else inside the installed package.
    """
    checkout = _PACKAGE.parent / kind
    if (_PACKAGE.parent / "pyproject.toml").is_file() and any(checkout.glob("*.toml")):
        return checkout
    return _PACKAGE / "_recipes" / kind


def _plain(value: Any) -> Any:
    """Return what JSON has no word for: tables of other kinds, sets in a fixed order, enumerations, paths and dates."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (PurePath, date, time)):
        return str(value)
    if hasattr(value, "model_dump"):
        return value.model_dump()
    raise InvalidRecipeError(f"a recipe cannot hold {value!r}; it holds strings, numbers, booleans, arrays and tables")
