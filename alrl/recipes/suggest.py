"""Suggestions for an unknown name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

_NEAR = 0.58
"""Likeness from which a name may be meant: "mixed-0" means "synthetic/mixed-0", "budget" does not mean "agents"."""
_MOST, _SHOWN = 20, 8
"""Names up to which all are shown, and how many of more are."""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like ``given``, or None if none is like it.

    >>> nearest("entorpy", ["entropy", "margin"]), nearest("budget", ["agents", "margin"])
    ('entropy', None)
    """
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(given.casefold(), folded, n=1, cutoff=_NEAR)
    return folded[close[0]] if close else None


def unknown(what: str, given: str, known: Iterable[str], *, listing: str = "") -> str:
    """Return the message for a name that is not known: the name, the nearest known one, and what is known.

    Of many names some are shown, the nearest first, with how many there are and the command ``listing`` that shows all.

    >>> unknown("strategy", "entorpy", ["margin", "entropy"])
    'unknown strategy "entorpy"; did you mean "entropy"? Known: entropy, margin'
    >>> unknown("agent", "own", map(str, range(100)), listing="alrl list agents")
    'unknown agent "own". Known are 100: 0, 1, 10, 11, 12, 13, 14, 15, ...; all: alrl list agents'
    """
    names = sorted(known)
    near = nearest(given, names)
    hint = f'; did you mean "{near}"? ' if near else ". "
    if len(names) > _MOST and listing:
        close = get_close_matches(given, names, n=_SHOWN, cutoff=_NEAR)
        some = ", ".join(list(dict.fromkeys([*close, *names]))[:_SHOWN])
        return f'unknown {what} "{given}"{hint}Known are {len(names)}: {some}, ...; all: {listing}'
    return f'unknown {what} "{given}"{hint}Known: {", ".join(names) or "none"}'


SINGULAR = {"envs": "environment", "agents": "agent", "experiments": "experiment"}
"""What a recipe of each folder is called."""


def missing(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a recipe that is not there: what is nearest, where recipes lie, a file that may be meant.

    >>> print(missing("agents", "margn", ["margin", "random"]).partition(". Recipes")[0])
    unknown agent "margn"; did you mean "margin"? Known: margin, random
    """
    noun, folder = SINGULAR[kind], Path.cwd() / kind
    places = (Path(f"{name}.toml"), Path("experiments") / f"{name}.toml")
    beside = next((path for path in places if path.is_file()), None)
    hint = f'; there is a file {beside}: give "{beside}", or put it into that folder' if beside else ""
    text = unknown(noun, name, known, listing=f"alrl list {noun}s")
    return f"{text}. Recipes are looked for in {folder}, then among those that come with alrl{hint}"


def no_class(reference: str, classes: Iterable[str], noun: str, home: str | None) -> str:
    """Return the message for a ``package.module:Class`` that is none, where the module in ``home`` holds ``classes``.

    >>> no_class("os:system", [], "learner", None)
    '"os:system" is no class of a learner, and os holds none; name one that is'
    """
    module, _, name = reference.partition(":")
    place = f". The module is {home}" if home else ""
    if classes := list(classes):
        return f"{unknown(f'class in {module}', name, classes)}{place}"
    return (
        f'"{reference}" is no class{f" of a {noun}" if noun else ""}, and {module} holds none; name one that is{place}'
    )
