"""The page of errors and warnings by name, made from their docstrings when the site is built."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_HEAD = """# Errors and warnings by name

Each message says what was given, what is allowed and what to do; this page says what kind of thing went wrong. Every
error below is an `AlrlError`, which is a `ValueError`: one `except alrl.errors.AlrlError` catches all that a user can
cause. On the command line they end with a [status](cli.md#exit-status) and no traceback; `alrl --debug` shows it.

| name | what it is | what to do | raised in |
|---|---|---|---|
"""


def errors_page() -> str:
    """Return the page in Markdown: a row for each error and warning class of the library."""
    sources = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "alrl").rglob("*.py"))}
    rows = []
    for name, meaning in sorted(_classes(sources)):
        what, _, to_do = (" ".join(meaning.split()).replace("``", "`").replace("|", "\\|")).partition(" To do: ")
        used = re.compile(rf"(raise|warn\w*\(.*|,) ?{name}\b|{name}\(", re.DOTALL if "Warning" in name else 0)
        rooms = sorted({_room(path) for path, text in sources.items() if used.search(text)} - {"errors"})
        rows.append(f"| `{name}` | {what} | {to_do[:1].upper()}{to_do[1:]} | {', '.join(rooms) or '–'} |\n")
    return _HEAD + "".join(rows)


def _room(path: Path) -> str:
    """Return the room of the library that a file is in."""
    return path.relative_to(ROOT / "alrl").parts[0].removesuffix(".py")


def _classes(sources: dict[Path, str]) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of each public error and warning."""
    for text in sources.values():
        for node in ast.parse(text).body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
                continue
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
            if bases & {"AlrlError", "UserWarning"} or node.name == "AlrlError":
                yield node.name, ast.get_docstring(node) or ""
