"""The base class of every recipe, and what pydantic's complaints about one mean to its author.

Apart from :mod:`alrl.recipes`, because importing pydantic takes a tenth of a second: it loads with the first recipe.
"""

from __future__ import annotations

import json
import re
import types
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)
from pydantic_core import ErrorDetails

from alrl.recipes.suggest import nearest

_SHOWN = 60
_UNSHOWN = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of Unicode that break a line of a table, or are no text."""


def one_line(text: str) -> str:
    """Return a text that tables show as it is.

    Raises ValueError for a new line or another control character in it.
    """
    if any(unicodedata.category(character) in _UNSHOWN for character in text):
        raise ValueError("tables show it: write it on one line, without control characters")
    return text


def shown_name(name: str) -> str:
    """Return a name that tables show as it is. Raises ValueError for one of nothing but blanks, and as above."""
    if not name.strip():
        raise ValueError("it names nothing; give the name that tables show")
    return one_line(name)


OneLine = Annotated[str, AfterValidator(one_line)]
"""A text that tables show, perhaps none."""
ShownName = Annotated[str, AfterValidator(shown_name)]
"""A name that tables show."""


class Recipe(BaseModel):
    """Base of every recipe and of every table in one: frozen, keyword-only, unknown keys refused, numbers finite.

    Fields that hold several values are tuples or frozen sets, so that a recipe has one identity.

    >>> class Budget(Recipe):
    ...     labels: int = 100
    >>> Budget(labels=60)
    Budget(labels=60)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)
    LATER: ClassVar[frozenset[str]] = frozenset()
    """Keys that came after recipes had an identity: left out at their defaults, so that no old identity changes."""

    @model_serializer(mode="wrap")
    def _without_later(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = serialise(self)
        fields = type(self).model_fields
        for key in self.LATER:
            if getattr(self, key) == fields[key].get_default(call_default_factory=True):
                content.pop(key, None)
        return content


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Return one line a problem: the dotted key, what was given, what is allowed.

    For an unknown key the nearest known one.
    """
    problems = error.errors(include_url=False)
    return [_line(each, model) for each in problems if not _follows(each, problems)]


def _follows(problem: ErrorDetails, problems: list[ErrorDetails]) -> bool:
    """Return whether a list is called too short for items that were wrong themselves, which are named already."""
    place = problem["loc"]
    inside = (each["loc"] for each in problems if len(each["loc"]) > len(place))
    return problem["type"] == "too_short" and any(other[: len(place)] == place for other in inside)


def _line(problem: ErrorDetails, model: type[BaseModel]) -> str:
    parts, annotation = _follow(model, problem["loc"])
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        known = [key for member in _models(annotation) for key in _keys(member)]
        return f"{_dotted(parts)}: unknown key{_nearest(str(parts[-1]), known)}; allowed: {_listed(known)}"
    if kind == "missing":
        return f"{_dotted(parts)}: missing; {_allowed(annotation)}"
    if kind == "union_tag_not_found":
        return f"{_dotted([*parts, _tag_key(context)])}: missing; allowed: {_listed(_tags(annotation, context))}"
    if kind == "union_tag_invalid":
        given, tags = str(context["tag"]), _tags(annotation, context)
        key = _dotted([*parts, _tag_key(context)])
        return f"{key}: {_shown(given)} given{_nearest(given, tags)}; allowed: {_listed(tags)}"
    if kind in {"literal_error", "enum"}:
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        hint = _nearest(str(problem["input"]), allowed)
        return f"{_dotted(parts)}: {_shown(problem['input'])} given{hint}; allowed: {context['expected']}"
    message = problem["msg"].removeprefix("Value error, ")
    # What is wrong with several keys names them: how the whole recipe begins says nothing.
    given = f"{_shown(problem['input'])} given; {message[:1].lower()}{message[1:]}" if parts else message
    return f"{_dotted(parts)}: {given}"


def _follow(annotation: Any, location: tuple[int | str, ...]) -> tuple[list[int | str], Any]:
    """Return the keys that the author wrote, and the type found there; an unknown key leaves the type of its table.

    Pydantic's locations also name the branch of a union that was tried: no key of the file.
    """
    parts: list[int | str] = []
    for part in location:
        annotation = _bare(annotation)
        if _is_union(annotation):
            branches = [member for member in get_args(annotation) if part in _branch_names(_bare(member))]
            annotation = branches[0] if branches else annotation
            continue
        parts.append(part)
        annotation = _step(annotation, part)
    return parts, _bare(annotation)


def _step(annotation: Any, part: int | str) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part in {name, field.alias}:
                return field.annotation
        return annotation
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    if isinstance(part, int) and get_origin(annotation) is tuple and part < len(arguments):
        return arguments[part]
    return arguments[-1] if arguments else annotation


def _bare(annotation: Any) -> Any:
    """Return the type without ``Annotated`` and without ``| None``."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if _is_union(annotation):
        members = [member for member in get_args(annotation) if member is not types.NoneType]
        if len(members) == 1:
            return _bare(members[0])
    return annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, types.UnionType}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for member in get_args(annotation) if _is_union(annotation) else (annotation,):
        bare = _bare(member)
        if isinstance(bare, type) and issubclass(bare, BaseModel):
            yield bare


def _branch_names(member: Any) -> set[int | str]:
    """Return what pydantic may call this member of a union: its class, or the literal that tells it apart."""
    literals = [_literals(model, name) for model in _models(member) for name in model.model_fields]
    return {str(member), getattr(member, "__name__", ""), *(str(value) for values in literals for value in values)}


def _literals(model: type[BaseModel], name: str) -> tuple[Any, ...]:
    field = model.model_fields.get(name)
    annotation = _bare(field.annotation) if field else None
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _tag_key(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")


def _tags(annotation: Any, context: Mapping[str, Any]) -> list[str]:
    return [str(value) for member in _models(annotation) for value in _literals(member, _tag_key(context))]


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _allowed(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return f"allowed: {_listed(get_args(annotation))}"
    tables = [_listed(_keys(member)) for member in _models(annotation)]
    if tables:
        return f"a table with the keys {' or '.join(tables)} is needed"
    names = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}
    return f"{names.get(annotation, 'a value')} is needed"


def _dotted(parts: list[int | str]) -> str:
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return dotted.removeprefix(".") or "the recipe"


def _nearest(given: str, known: list[str]) -> str:
    near = nearest(given, known)
    return f', did you mean "{near}"?' if near else ""


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values) or "none"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
