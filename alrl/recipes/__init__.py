"""Find, parse and identify recipes: TOML files in the folders ``envs``, ``agents`` and ``experiments``.

The folder is the registry: a file dropped into one of these folders is known by its name. A recipe is parsed, never
evaluated; code is named ``package.module:Class`` and imported when what names it is built. The room knows no schema but
the base class :class:`Recipe`; the rooms that have recipes declare theirs. Others may import the names below,
:class:`~alrl.recipes.registry.Registry` to find classes by name, and ``alrl.recipes.suggest`` to name the nearest known
word in an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alrl.recipes.files import (
    RecipeKind,
    canonical_json,
    find,
    first_line_comment,
    folders,
    hides,
    identity,
    merged,
    names,
    own,
    parse,
    read,
    say_if_hidden,
    shipped,
)
from alrl.recipes.modules import (
    NO_CODE,
    checked_while_parsed,
    let_import,
    offered_folders,
    permit_import,
    references,
    resolve,
    without_code,
)
from alrl.recipes.suggest import missing

if TYPE_CHECKING:
    from alrl.recipes.model import Recipe

__all__ = [
    "NO_CODE",
    "Recipe",
    "RecipeKind",
    "canonical_json",
    "checked_while_parsed",
    "find",
    "first_line_comment",
    "folders",
    "hides",
    "identity",
    "let_import",
    "merged",
    "missing",
    "names",
    "offered_folders",
    "own",
    "parse",
    "permit_import",
    "read",
    "references",
    "resolve",
    "say_if_hidden",
    "shipped",
    "without_code",
]


def __getattr__(name: str) -> object:
    # pydantic is heavy: who only registers environments does without it.
    if name == "Recipe":
        from alrl.recipes.model import Recipe

        return Recipe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
