"""Recognise which column of a table is the class, and what a text means as a class and as a feature."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from alrl.data.tables.numbers import is_missing, parse_numbers
from alrl.data.tables.table import RawTable, Texts
from alrl.errors import InvalidDataError
from alrl.recipes.suggest import unknown

LABEL_NAMES = ("label", "labels", "class", "classes", "target", "targets", "y")
"""Names, in lower case, by which a column is known to be the class."""
UNNAMED = re.compile(r"(unnamed[:_ ]*\d*(\.\d+)?|__index_level_\d+__|__null_dask_index__)", re.IGNORECASE)
"""Columns that had no name, or that pandas wrote as the names of rows."""
_MOST_GUESSED = 50
"""Levels up to which a column is taken for the class without being named so."""


def label_level(text: str) -> str | None:
    """Return a class without the blanks around it; only nothing at all is a missing class: ``NA`` may be one.

    >>> label_level(" none "), label_level("NA"), label_level(" ")
    ('none', 'NA', None)
    """
    return text.strip() or None


def feature_level(text: str) -> str | None:
    """Return a category without the blanks around it, None for the usual words for a missing value.

    >>> feature_level(" red "), feature_level("NA")
    ('red', None)
    """
    stripped = text.strip()
    return None if is_missing(stripped) else stripped


def find_label(names: Sequence[str], label: str | int | None, source: str, *, drop: Collection[str] = ()) -> str | None:
    """Return the column that is named as the class; without one, the only column that is called as a class is.

    Args:
        names: columns of the table.
        label: the name that was given, or its place, from the end if it is negative; None to look for the usual names.
        source: for errors.
        drop: columns that are out of the question.

    Raises InvalidDataError for a name that is not among them, one that several columns have, and where several columns
    are called as classes are.

    >>> find_label(["a", "Class"], None, "own.csv"), find_label(["a", "b"], 0, "own.csv")
    ('Class', 'a')
    """
    if isinstance(label, int) and str(label) not in names:
        if not -len(names) <= label < len(names):
            raise InvalidDataError(
                f"{source} has {len(names)} columns, and none in place {label}; name the label column"
            )
        return names[label]
    if label is not None and str(label) not in names:
        raise InvalidDataError(f"{source}: {unknown('label column', str(label), names)}")
    called = [name for name in names if name.lower() in LABEL_NAMES and name not in drop]
    named = [str(label)] if label is not None else called
    if len(named) > 1:
        raise InvalidDataError(f"{source} has several columns called as classes are, {named}; {_advice(named)}")
    if named:
        check_once(names, named[0], source, "the class")
    return named[0] if named else None


def check_once(names: Collection[str], name: str, source: str, meaning: str) -> None:
    """Raise InvalidDataError where several columns of a table have one name: the second is called ``name.1`` then.

    >>> check_once(["a", "label"], "label", "own.csv", "the class")
    """
    if name in names and f"{name}.1" in names:
        raise InvalidDataError(f"{source} has several columns named {name!r}; rename all but {meaning}")


def label_or_last(names: Sequence[str], label: str | int | None, source: str, *, drop: Collection[str] = ()) -> str:
    """Return what :func:`find_label` does, or else the last column: what has to be kept as the text it is."""
    named = find_label(names, label, source, drop=drop)
    likely = (name for name in reversed(names) if name not in drop and not UNNAMED.fullmatch(name))
    return named if named is not None else next(likely, names[-1])


def guess_label(table: RawTable, source: str, *, drop: Collection[str] = ()) -> str:
    """Return the last column, where it can be the class and no column before it looks more like one.

    Raises InvalidDataError, with the columns listed, where it cannot.
    """
    last = label_or_last(table.columns, None, source, drop=drop)
    levels = _repeated(table, last)
    rivals = [name for name in table.texts if name != last and _repeated(table, name)]
    if levels and not (rivals and _is_number(table.texts[last])):
        return last
    reason = f"{', '.join(map(repr, [*rivals[:5], last]))} may all be it" if levels else _why_not(table, last)
    raise InvalidDataError(
        f"{source}: no column is called as a class is ({', '.join(LABEL_NAMES)}), and {reason};"
        f" {_advice(table.columns)}"
    )


def _repeated(table: RawTable, column: str) -> bool:
    """Return whether a column of text has the levels of a class: at least two, few, and each some times."""
    texts = table.texts.get(column)
    if texts is None or not 2 <= len(texts.levels) <= _MOST_GUESSED:
        return False
    counts = Counter(texts.codes[texts.codes >= 0].tolist())
    return 2 * len(counts) <= sum(counts.values()) or sum(counts.values()) < 10


def _why_not(table: RawTable, column: str) -> str:
    texts = table.texts[column]
    filled = int((texts.codes >= 0).sum())
    kind = "numbers, as a regression target does" if _is_number(texts) and len(texts.levels) > 1 else "values"
    return f"the last, {column!r}, holds {len(texts.levels)} different {kind}, in {filled} records"


def _is_number(texts: Texts) -> bool:
    return parse_numbers(list(texts.levels)) is not None


def _advice(names: Sequence[str]) -> str:
    shown = [*names[:20], "...", *names[-2:]] if len(names) > 23 else names
    return f"name it with --label NAME (label= in Python); columns: {', '.join(map(str, shown))}"
