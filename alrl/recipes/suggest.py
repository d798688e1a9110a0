"""Suggestions for an unknown name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like ``given``, or None if none is like it.

    >>> nearest("entorpy", ["entropy", "margin"]), nearest("xyz", ["entropy", "margin"])
    ('entropy', None)
    """
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(given.casefold(), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """Return the message for a name that is not known: the name, the nearest known one, and all that are known.

    >>> unknown("strategy", "entorpy", ["margin", "entropy"])
    'unknown strategy "entorpy"; did you mean "entropy"? Known: entropy, margin'
    """
    names = sorted(known)
    near = nearest(given, names)
    hint = f'; did you mean "{near}"? ' if near else ". "
    return f'unknown {what} "{given}"{hint}Known: {", ".join(names) or "none"}'
