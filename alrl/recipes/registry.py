"""Finds classes by name: the modules of a package are the registry of what it holds."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from abc import ABC
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from alrl.errors import InvalidRecipeError
from alrl.recipes.modules import resolve
from alrl.recipes.suggest import unknown

T = TypeVar("T")
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Named(ABC):
    """What goes by its ``name``, or by that of its class where it has none."""

    name: ClassVar[str]

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if not hasattr(cls, "name") and "name" not in inspect.get_annotations(cls):
            cls.name = cls.__name__


class Registry(Generic[T]):
    """Find the concrete subclasses of ``base`` by their ``name``, in the modules of ``package`` and of packages in it.

    Args:
        base: the abstract class.
        package: the package whose modules are searched, on first use.
        noun: what one of them is called in an error.
    """

    def __init__(self, base: type[T], *, package: str, noun: str) -> None:
        self._base, self._package, self._noun = base, package, noun

    def all(self) -> dict[str, type[T]]:
        """Return every class that comes with alrl, by name, sorted."""
        return dict(self.classes)

    @cached_property
    def classes(self) -> dict[str, type[T]]:
        """Every class, by name, sorted."""
        classes: dict[str, type[T]] = {}
        for module in pkgutil.walk_packages(importlib.import_module(self._package).__path__, f"{self._package}."):
            if module.name.rpartition(".")[2].startswith("compiled_"):
                continue
            for value in vars(importlib.import_module(module.name)).values():
                own = isinstance(value, type) and value.__module__ == module.name
                if own and issubclass(value, self._base) and not inspect.isabstract(value):
                    classes[getattr(value, "name")] = value  # noqa: B009 - the base of T is not known here
        return dict(sorted(classes.items()))

    def make(self, reference: str | T, /, **settings: object) -> T:
        """Return the object of a registered name (``_`` is as good as ``-``), of ``package.module:Class``, or itself.

        In the place of a class a function may stand that is annotated to return such an object.

        ``settings`` go to its constructor. Raises InvalidRecipeError: no such name, class or setting, or settings for
        an object already made.

        >>> from alrl.strategies import make_strategy
        >>> make_strategy("information_density", beta=2.0)
        InformationDensity(beta=2.0)
        """
        if not isinstance(reference, str):
            if settings:
                given = _listed(settings)
                raise InvalidRecipeError(f"settings {given} given for a {self._noun} already made; give its name")
            if not isinstance(reference, self._base):
                raise InvalidRecipeError(f"{reference!r} given as a {self._noun}; give its name, or an object of it")
            return reference
        return self._build(self._kind(reference), reference, settings)

    def _kind(self, reference: str) -> type[T]:
        if ":" in reference:
            return resolve(reference, {}, base=self._base, noun=self._noun)
        name = reference.replace("_", "-")
        if name not in self.classes:
            known = unknown(self._noun, reference, self.classes)
            raise InvalidRecipeError(f"{known}. Or name a class: package.module:Class.")
        return self.classes[name]

    def _build(self, kind: type[T], reference: str, settings: dict[str, Any]) -> T:
        if inspect.isabstract(kind):
            missing = ", ".join(sorted(getattr(kind, "__abstractmethods__", ())))
            raise InvalidRecipeError(f'"{reference}" is abstract; name a class that defines {missing}')
        signature = inspect.signature(kind)
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            for setting in settings:
                if setting not in signature.parameters:
                    raise InvalidRecipeError(f"{reference}: {unknown('setting', setting, signature.parameters)}")
        needed = [
            name
            for name, parameter in signature.parameters.items()
            if parameter.default is parameter.empty and name not in settings and parameter.kind in _NAMED
        ]
        if needed:
            raise InvalidRecipeError(f"{reference}: setting {needed[0]} is missing; it takes {_takes(signature)}")
        try:
            built = kind(**settings)
        except TypeError as error:
            given = _listed(settings)
            raise InvalidRecipeError(
                f"{reference}: settings {given} given: {error}; it takes {_takes(signature)}"
            ) from error
        if not isinstance(built, self._base):
            raise InvalidRecipeError(f"{reference} returned {built!r}, which is no {self._noun}")
        return built


def _takes(signature: inspect.Signature) -> str:
    """Return the settings of a constructor, with their types and defaults."""
    shown = []
    for name, parameter in signature.parameters.items():
        if parameter.kind in _NAMED:
            of = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
            shown.append(name + of + ("" if parameter.default is parameter.empty else f" = {parameter.default!r}"))
    return ", ".join(shown) or "none"


def _listed(settings: dict[str, object]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in settings.items()) or "none"


def check_keys(given: Collection[str], common: Collection[str], kind: str, kinds: Mapping[str, type[Any]]) -> None:
    """Check that each of the ``given`` keys is an argument of the registered ``kind``.

    One that is not registered is left to who builds it. Raises InvalidRecipeError that names the nearest of the keys
    that the kind takes, the ``common`` ones among them.
    """
    name = kind.replace("_", "-")
    if name not in kinds:
        return
    own = [key for key in inspect.signature(kinds[name]).parameters if key != "setting"]
    for key in given:
        if key not in own:
            raise InvalidRecipeError(f"kind {name}: {unknown('key', key, [*common, *own])}")
