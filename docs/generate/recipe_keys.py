"""The page of every key of a recipe, with what it takes, its default and its meaning, made when the site is built."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alrl.agents.recipe import AgentRecipe
from alrl.envs.recipe import EnvRecipe
from alrl.studies.study import StudyRecipe
from docs.generate.field_docs import description, key_meanings
from docs.generate.table_text import cells_of, value_text

_HEAD = """# Keys of recipes

Every agent in `agents/`, environment in `envs/` and study in `experiments/` is a TOML file of these keys. An unknown
key is refused, with the nearest known one. A table marked *open* hands every further key to the class that its `kind`
names: the arguments of [learners](models.md) and [strategies](strategies.md) are on their pages, those of annotators
and contaminations on [the environments'](environments/index.md). A dot stands for a table in a table: `budget.labels`
is `labels` under `[budget]`.
"""
_BOUNDS = (("ge", "≥ "), ("gt", "> "), ("le", "≤ "), ("lt", "< "))
_WORDS = {bool: "true or false", int: "whole number", float: "number", str: "text"}
_PLURAL = {"whole number": "whole numbers", "number": "numbers", "text": "texts", "table": "tables"}


def keys_page() -> str:
    """Return the page in Markdown: a section for each kind of file, a table for each table of it."""
    parts = [_HEAD]
    for title, roots in (
        ("Agents: `agents/*.toml`", [("agent", kind) for kind in models_of(AgentRecipe)]),
        ("Environments: `envs/*.toml`", [("", EnvRecipe)]),
        ("Studies: `experiments/*.toml`", [("", StudyRecipe)]),
    ):
        parts.append(f"\n## {title}\n")
        written: set[type[BaseModel]] = set()
        for place, root in roots:
            parts += [_table(at, model) for at, model in tables(place, root, written)]
    return "".join(parts)


def tables(place: str, model: type[BaseModel], written: set[type[BaseModel]]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield a table and those in it, each model once, with the dotted place where it first stands."""
    if model in written:
        return
    written.add(model)
    yield place, model
    for name, field in model.model_fields.items():
        for inner in models_of(field.annotation):
            yield from tables(f"{place}.{name}".lstrip("."), inner, written)


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """Return the tables that a key of this type may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_of(part)]


def _table(place: str, model: type[BaseModel]) -> str:
    kind = _kind(model)
    heading = (f"`[{place}]`" if place else "At the top") + (f', `kind = "{kind}"`' if kind else "")
    more = " *Open.*" if model.model_config.get("extra") == "allow" else ""
    lines = [f"\n### {heading}\n", f"{description(model)}{more}\n"]
    lines += ["| key | takes | default | meaning |", "|---|---|---|---|"]
    meaning = meanings(model)
    for name, field in model.model_fields.items():
        if not (name == "kind" and kind):
            default = "" if field.is_required() else _default(field)
            lines.append(cells_of(f"`{name}`", _takes(field), default, meaning[name]))
    return "\n".join(lines) + "\n"


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return what each key of a table means: by docstrings; of a table in it without one, what it is for."""
    meaning = key_meanings(model)
    for name, field in model.model_fields.items():
        inner = models_of(field.annotation)
        if not meaning.get(name):
            meaning[name] = description(inner[0]).split(". ")[0].rstrip(".") + "." if inner else ""
    return meaning


def _kind(model: type[BaseModel]) -> str | None:
    """Return the one kind that the table is of, if its kind is fixed."""
    field = model.model_fields.get("kind")
    allowed = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    return str(allowed[0]) if len(allowed) == 1 else None


def _takes(field: FieldInfo) -> str:
    """Return what a key takes, and between which bounds.

    >>> _takes(StudyRecipe.model_fields["seeds"])
    'whole number, ≥ 2, ≤ 100000'
    """
    given = [(sign, getattr(rule, name, None)) for rule in field.metadata for name, sign in _BOUNDS]
    bounds = [f"{sign}{bound:g}" for sign, bound in given if bound is not None]
    return ", ".join([_type(field.annotation), *bounds])


def _type(annotation: Any) -> str:
    """Return a type in words of TOML.

    >>> _type(tuple[int, ...]), _type(Literal["a", "b"]), _type(float | None)
    ('list of whole numbers', '`"a"`, `"b"`', 'number')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return ", ".join(f"`{json.dumps(each)}`" for each in inner)
    either = " or ".join(dict.fromkeys(_type(part) for part in inner if part not in {Ellipsis, type(None)}))
    if origin in {Union, types.UnionType}:
        return either
    if origin in {tuple, frozenset, list, Sequence}:
        return f"list of {_PLURAL.get(either, either)}"
    if origin in {dict, Mapping} or annotation is dict:
        return f"table of {_PLURAL.get(_type(inner[1]), _type(inner[1]))}" if inner else "table"
    return "table" if models_of(annotation) else _WORDS.get(annotation, "text")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return "the table's" if isinstance(value, BaseModel) else value_text(value)
