"""Keys of recipes, their values and spaces as tables of a page say them."""

from __future__ import annotations

import json
from typing import Any

from gymnasium import spaces

from docs.generate.field_docs import Key


def row(key: Key) -> str:
    """Return a line of a table: a key of a recipe, its value and what it means."""
    return cells_of(f"`{key.name}`", f"{value_text(key.value)}{'' if key.given else ' (default)'}", key.meaning)


def value_text(value: Any) -> str:
    """Return a value as a recipe writes it.

    >>> value_text(True), value_text((1, 10)), value_text(None)
    ('`true`', '`1`, `10`', 'none')
    """
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if value is None or (isinstance(value, str | list | tuple | dict) and not value):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"`{name} = {each}`" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(f"`{_written(each)}`" for each in value)
    return f"`{value}`"


def _written(value: Any) -> str:
    """Return a value in a list as a recipe writes it, if it is a table.

    >>> _written({"kind": "noisy", "rate": 0.3}), _written("wine")
    ('{ kind = "noisy", rate = 0.3 }', 'wine')
    """
    if not isinstance(value, dict):
        return str(value)
    return f"{{ {', '.join(f'{key} = {json.dumps(each)}' for key, each in value.items())} }}"


def shown(space: spaces.Space[Any]) -> str:
    """Return a space in few words.

    >>> shown(spaces.Discrete(3)), shown(spaces.Dict(mask=spaces.Box(0, 1, (4,))))
    ('Discrete(3)', 'Dict(mask: (4,))')
    """
    if isinstance(space, spaces.Dict):
        return f"Dict({', '.join(f'{name}: {each.shape}' for name, each in space.spaces.items())})"
    if isinstance(space, spaces.Box):
        return f"Box({space.low.min():g}, {space.high.max():g}, {space.shape})"
    return repr(space)


def cells_of(*cells: object) -> str:
    r"""Return a line of a table in Markdown, where a bar would end a cell.

    >>> print(cells_of("a|b", 2))
    | a\|b | 2 |
    """
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
