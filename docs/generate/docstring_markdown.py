"""Docstrings as the API's pages show them: examples as code, roles of Sphinx as Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":[a-z]+:`~?([^`]+)`")


def as_markdown(docstring: str) -> str:
    r"""Return a docstring in which each example stands in a block of its own.

    >>> as_markdown("Say.\n\n>>> 1 + 1\n2").splitlines()
    ['Say.', '', '```pycon', '>>> 1 + 1', '2', '```']
    """
    paragraphs = _ROLE.sub(r"`\1`", docstring).replace("``", "`").split("\n\n")
    return "\n\n".join(f"```pycon\n{each}\n```" if each.startswith(">>> ") else each for each in paragraphs)


class DocstringMarkdown(griffe.Extension):
    """Rewrite each docstring that griffe reads."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
