"""Meanings of the keys of a recipe, read from the docstrings of the classes that take them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_ARGUMENT = re.compile(r"^(\w+): (.*)$")
_EVERYWHERE = {
    "kind": "A registered name or `package.module:Class`.",
    "metric": "What is measured on the validation part.",
}
"""What keys mean in every table, unless it says so itself."""


class Key(NamedTuple):
    """One key of a recipe, as it stands."""

    name: str
    """With the tables that it is in, such as ``budget.labels``."""
    value: Any
    given: bool
    """False for a default."""
    meaning: str
    """Empty where no docstring tells it."""


def keys(table: BaseModel, prefix: str, kind: type[Any] | None = None) -> Iterator[Key]:
    """Yield every key of a table and of those in it; what is no field of it is an argument of the class ``kind``.

    >>> from alrl.envs.loop_recipe import BudgetRecipe
    >>> [(key.name, key.value, key.given) for key in keys(BudgetRecipe(labels=5), "budget")][-2:]
    [('budget.labels', 5, True), ('budget.batch', 1, False)]
    """
    meanings = key_meanings(type(table))
    for name in type(table).model_fields:
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            yield from keys(value, f"{prefix}.{name}")
        else:
            yield Key(f"{prefix}.{name}", value, name in table.model_fields_set, meanings.get(name, ""))
    arguments = argument_meanings(kind) if kind else {}
    for name, value in (table.model_extra or {}).items():
        yield Key(f"{prefix}.{name}", value, given=True, meaning=arguments.get(name, ""))


def key_meanings(kind: type[BaseModel]) -> dict[str, str]:
    """Return what the keys of a table mean, by its docstrings or those of the class that it is turned into.

    >>> from alrl.agents.training_recipes import LookAheadRecipe
    >>> key_meanings(LookAheadRecipe)["beam"]
    "Sequences of queries that are followed for each candidate; the best in the end counts. 1 follows margin's."
    """
    build = getattr(kind, "build", None)
    made = (
        inspect.signature(build, eval_str=True).return_annotation if build and "kind" not in kind.model_fields else None
    )
    built = attribute_meanings(made) if isinstance(made, type) else {}
    return {**_EVERYWHERE, **built, **attribute_meanings(kind)}


def attribute_meanings(kind: type[Any]) -> dict[str, str]:
    """Return the string that stands below each attribute of a class or of those that it inherits from, on one line."""
    meanings: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if not each.__module__.startswith("alrl."):
            continue
        (whole,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        last = ""
        for node in whole.body if isinstance(whole, ast.ClassDef) else []:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                last = node.target.id
                continue
            docstring = node.value if isinstance(node, ast.Expr) else None
            if last and isinstance(docstring, ast.Constant) and isinstance(docstring.value, str):
                meanings[last] = plain(" ".join(docstring.value.split()))
            last = ""
    return meanings


def argument_meanings(kind: type[Any]) -> dict[str, str]:
    """Return what the ``Args:`` of a class's docstring say.

    And where it is silent those of the classes it inherits from.

    >>> from alrl.learners import MultilayerPerceptron
    >>> argument_meanings(MultilayerPerceptron)["hidden"]
    'units of each hidden layer, at least one layer of at least one unit.'
    >>> argument_meanings(MultilayerPerceptron)["epochs"]
    'steps of Adam, each on all labelled records.'
    """
    meanings: dict[str, str] = attribute_meanings(kind)
    for each in reversed(kind.__mro__):
        _, _, listed = (inspect.cleandoc(each.__doc__ or "")).partition("Args:\n")
        name = ""
        for line in listed.split("\n"):
            if line and not line.startswith(" "):
                break
            first = _ARGUMENT.match(line.strip()) if len(line) - len(line.lstrip()) == 4 else None
            if first:
                name, meanings[first[1]] = first[1], plain(first[2])
            elif name and line.strip():
                meanings[name] += " " + plain(line.strip())
    return meanings


def description(kind: type[Any]) -> str:
    """Return the docstring of a class up to its arguments, errors and examples, in Markdown."""
    text = inspect.cleandoc(kind.__doc__ or "")
    ends = [at for mark in ("\nArgs:", "\nRaises ", "\n>>> ") if (at := text.find(mark)) >= 0]
    return plain(text[: min(ends, default=len(text))].strip())


def plain(text: str) -> str:
    """Return Markdown for the marks of reStructuredText.

    >>> plain("as :class:`~alrl.loop.cost.Prices` says, ``label`` first")
    'as `Prices` says, `label` first'
    """
    return _ROLE.sub(lambda role: f"`{role[1].rpartition('.')[2]}`", text).replace("``", "`")
