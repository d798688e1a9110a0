"""Code that a recipe names as ``package.module:Class``: where it is looked for, and when it may be imported at all.

Reading and parsing a recipe import nothing: a class is imported when what names it is built. A module that lies beside
a recipe is found there, as a script's imports are.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

from alrl.errors import CodeRefusedError, InvalidRecipeError
from alrl.recipes.suggest import no_class, unknown

T = TypeVar("T")

CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""How recipes name a class: ``package.module:Class``."""
NO_CODE = "ALRL_NO_CODE"
"""Environment variable by which every such class is refused; processes that are started inherit it."""
_KINDS = {"envs", "agents", "experiments"}
_offered: dict[str, Path] = {}
_not_now: ContextVar[bool] = ContextVar("not_now", default=False)
_imported_alone: ContextVar[bool] = ContextVar("imported_alone", default=False)


def let_import(content: Any, folders: Iterable[Path]) -> None:
    """Let modules be imported from folders, at the end of Python's path, if the content names one that lies there.

    Nothing is imported, and the path stays as it is until a class of such a module is. A module that Python finds
    without the folder stays what it is.
    """
    places = [place for folder in folders for place in _around(folder.resolve())]
    for name in {reference.partition(":")[0].partition(".")[0] for reference in references(content)}:
        if importlib.util.find_spec(name) is not None:
            continue
        place = next((place for place in places if (place / f"{name}.py").is_file() or (place / name).is_dir()), None)
        if place is not None:
            _offered[name] = place


def permit_import(reference: str) -> None:
    """Check that a class ``package.module:Class`` may be imported now, and let its module be found.

    Processes that are started later inherit the path.

    Raises:
        CodeRefusedError: the environment refuses such classes, or this is under :func:`without_code`.
    """
    if code_is_refused():
        raise CodeRefusedError(
            f'"{reference}" is code of others, which --no-code and {NO_CODE}=1 refuse to run: read it, then leave them'
            " out; or name what comes with alrl"
        )
    if _not_now.get():
        raise CodeRefusedError(f'"{reference}" is code of others: nothing that is parsed or tried out runs it')
    if _imported_alone.get() and reference.partition(":")[0] not in sys.modules:
        raise CodeRefusedError(
            f'"{reference}" is code of others, which a file does not run by itself: if you trust it, import its module'
            " first, or load with trust=True"
        )
    place = _offered.get(reference.partition(":")[0].partition(".")[0])
    if place is not None and str(place) not in sys.path:
        sys.path.append(str(place))
        importlib.invalidate_caches()


@contextmanager
def only_imported() -> Iterator[None]:
    """Refuse in the block every ``package.module:Class`` whose module is not imported yet, with a CodeRefusedError."""
    token = _imported_alone.set(True)
    try:
        yield
    finally:
        _imported_alone.reset(token)


@contextmanager
def without_code() -> Iterator[None]:
    """Refuse every ``package.module:Class`` in the block, with a CodeRefusedError."""
    token = _not_now.set(True)
    try:
        yield
    finally:
        _not_now.reset(token)


@contextmanager
def checked_while_parsed() -> Iterator[None]:
    """Build in the block what a recipe describes, as a check: where that needs others' code, it is left to be built.

    Raises:
        CodeRefusedError: the recipe names code, and the environment refuses it.
    """
    try:
        with without_code():
            yield
    except CodeRefusedError:
        if code_is_refused():
            raise


def offered_folders() -> list[Path]:
    """Return the folders in which classes that were named are looked for, on Python's path by now or not."""
    return list(dict.fromkeys(_offered.values()))


def code_is_refused() -> bool:
    """Return whether the environment refuses the code of others."""
    return os.environ.get(NO_CODE, "0") not in {"", "0"}


def _around(folder: Path) -> list[Path]:
    """Return the folder of a recipe and, if it is one of those that recipes live in, the folder around it."""
    return [folder, folder.parent] if folder.name in _KINDS else [folder]


def references(content: Any) -> Iterator[str]:
    """Yield each ``package.module:Class`` among the values of a recipe's content, at any depth.

    >>> list(references({"kind": "rule", "strategy": "own.rules:Wide", "inner": [{"learner": "sklearn.svm:SVC"}]}))
    ['own.rules:Wide', 'sklearn.svm:SVC']
    """
    if isinstance(content, str):
        if CLASS.fullmatch(content):
            yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from references(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from references(value)


def resolve(
    reference: str,
    registry: Mapping[str, type[T]],
    *,
    base: type[T] | None = None,
    noun: str = "",
    suits: Callable[[type[Any]], bool] | None = None,
) -> type[T]:
    """Return the class that a recipe names: a registered name, or ``package.module:Class`` of an installed package.

    ``base`` is the class that a class named in the second way must derive from: without it a recipe could name any
    class at all. A function may stand in its place whose annotation says that it returns such an object. An error calls
    such a class one of the ``noun``, and names those of the module that ``suits`` takes, by default the subclasses.

    Raises:
        InvalidRecipeError: no such name, module or class, or a class of another kind.
        CodeRefusedError: a class is named where no code of others may run.

    >>> resolve("collections:OrderedDict", {"plain": dict}, base=dict)
    <class 'collections.OrderedDict'>
    """
    if reference in registry:
        return registry[reference]
    if ":" not in reference:
        raise InvalidRecipeError(f"{unknown('name', reference, registry)}. Or name a class: package.module:Class.")
    if not CLASS.fullmatch(reference):
        raise InvalidRecipeError(f'"{reference}" is no class; write package.module:Class, say mypackage.margins:Wide')
    permit_import(reference)
    module_name, _, class_name = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except SystemExit as error:
        raise InvalidRecipeError(
            f'"{reference}": {module_name} ends Python where it is imported ({error}); put that under'
            ' if __name__ == "__main__"'
        ) from error
    except ImportError as error:
        advice = "put it beside the recipe, install it, or name its folder in PYTHONPATH"
        raise InvalidRecipeError(f'"{reference}": cannot import {module_name}: {error}; {advice}') from error
    kind = getattr(module, class_name, None)
    if base is not None and inspect.isfunction(kind) and _returns(kind, base):
        return cast("type[T]", kind)
    if not isinstance(kind, type):
        suited = suits or (lambda value: base is None or issubclass(value, base))
        classes = [name for name, value in vars(module).items() if isinstance(value, type) and suited(value)]
        text = no_class(reference, classes, noun, getattr(module, "__file__", None))
        if base is not None and inspect.isfunction(kind):
            text += f". Or, of a function that returns one, say so: def {class_name}(...) -> {base.__name__}."
        raise InvalidRecipeError(text)
    if base is not None and not issubclass(kind, base):
        raise InvalidRecipeError(f'"{reference}" is no {base.__module__}.{base.__qualname__}; derive the class from it')
    return kind


def _returns(function: Any, base: type[Any]) -> bool:
    """Return whether a function says that it returns a ``base``: any other could be made to do anything."""
    try:
        kind = get_type_hints(function).get("return")
    except NameError:
        return False
    return isinstance(kind, type) and issubclass(kind, base)
