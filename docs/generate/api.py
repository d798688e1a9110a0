"""The pages of the API, from the faces of the package and of its rooms: what a face does not name is not public."""

from __future__ import annotations

import importlib
import inspect

ROOMS = (
    "evaluation",
    "projects",
    "strategies",
    "learners",
    "loop",
    "data",
    "metadata",
    "envs",
    "agents",
    "testing",
    "adapters",
)


def api_page() -> str:
    """Return the page of what ``import alrl`` gives, for mkdocstrings to fill in."""
    import alrl

    head = "# API\n\nWhat `import alrl` gives; the rooms behind it are on [a page of their own](api-rooms.md).\n"
    return head + "".join(f"\n::: alrl.{name}\n" for name in alrl.__all__)


def rooms_page() -> str:
    """Return the page of what the face of each room names, apart from what ``import alrl`` gives already."""
    import alrl

    head = (
        "# API by room\n\nA room is a package with a face: what its `__init__` names may be imported and will stay;"
        " modules behind a face may move without notice. Learners, strategies and features go by their"
        " registered names in recipes.\n"
    )
    parts = [head]
    for room in ROOMS:
        module = importlib.import_module(f"alrl.{room}")
        exported = {name: getattr(module, name) for name in getattr(module, "__all__", []) if name not in alrl.__all__}
        names = [name for name, each in exported.items() if _described(each) and name != "ContractError"]
        first = " ".join((module.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
        if names:
            parts.append(f"\n## alrl.{room}\n\n{first}\n")
            parts += [f"\n::: alrl.{room}.{each}\n" for each in names]
    return "".join(parts)


def _described(thing: object) -> bool:
    """Return whether mkdocstrings finds a docstring of it in the sources: that of a class or of a function."""
    return inspect.isclass(thing) or inspect.isfunction(thing)
