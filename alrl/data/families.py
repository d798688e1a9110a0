"""Families of data sets that share rows: none may be trained on when another of its family is held out."""

from __future__ import annotations

from collections.abc import Iterable

_FAMILIES: dict[str, tuple[str, ...]] = {
    "abalone": ("abalone",),
    "breast-cancer-diagnostic": ("breast-cancer", "wdbc"),
    "breast-cancer-original": ("wisconsin", "breast", "breast-w"),
    "car": ("car",),
    "chess": ("chess", "kr-vs-kp"),
    "credit-approval": ("australian", "crx", "credit-approval"),
    "credit-german": ("german", "credit-g"),
    "dermatology": ("dermatology",),
    "diabetes": ("pima", "diabetes"),
    "digits": ("digits", "optdigits"),
    "ecoli": ("ecoli",),
    "flare": ("flare",),
    "glass": ("glass",),
    "heart": ("heart", "cleveland"),
    "iris": ("iris",),
    "kddcup": ("kddcup",),
    "kr-vs-k": ("kr-vs-k",),
    "led7digit": ("led7digit",),
    "lymphography": ("lymphography",),
    "new-thyroid": ("new-thyroid", "newthyroid"),
    "page-blocks": ("page-blocks",),
    "pendigits": ("penbased", "pendigits"),
    "poker": ("poker",),
    "ring": ("ring", "ringnorm"),
    "satimage": ("satimage",),
    "segment": ("segment",),
    "shuttle": ("shuttle",),
    "splice": ("splice", "dna"),
    "vehicle": ("vehicle",),
    "votes": ("housevotes", "vote"),
    "vowel": ("vowel",),
    "wine": ("wine",),
    "winequality-red": ("winequality-red",),
    "winequality-white": ("winequality-white",),
    "yeast": ("yeast",),
    "zoo": ("zoo",),
}
"""Members of each family: a member stands for its variants too (``glass`` for ``glass0`` and ``glass-0-4_vs_5``)."""


def family(name: str) -> str:
    """Return the family of a data set.

    Data sets of one family share rows, a data set not known to share any is its own.

    Names are compared without ``keel/`` and ``common/``, case, and the difference between ``_`` and ``-``; every
    synthetic task is a family of its own.

    >>> family("keel/optdigits"), family("breast_cancer"), family("keel/glass-0-4_vs_5"), family("keel/sonar")
    ('digits', 'breast-cancer-diagnostic', 'glass', 'sonar')
    """
    plain = _plain(name)
    if "/" in plain:
        return plain
    fitting = [(len(member), group) for group, members in _FAMILIES.items() for member in members if _is(plain, member)]
    return max(fitting)[1] if fitting else plain


def relatives(name: str) -> frozenset[str]:
    """Return Known names that share rows with ``name``, itself among them; variants of a name are not spelt out.

    >>> sorted(relatives("wdbc")), sorted(relatives("keel/sonar"))
    (['breast-cancer', 'wdbc'], ['sonar'])
    """
    return frozenset(_FAMILIES.get(family(name), ())) | {_plain(name)}


def related(first: str, second: str) -> bool:
    """Return whether two data sets share rows.

    >>> related("digits", "keel/optdigits"), related("wine", "keel/wdbc")
    (True, False)
    """
    return family(first) == family(second)


def akin(names: Iterable[str]) -> list[str]:
    """Return sentences on the data sets that share rows with another of ``names``, by family.

    >>> akin(["digits", "wine", "keel/optdigits"])
    ['digits and keel/optdigits share records: tests across data sets count them as independent, which they are not.']
    """
    families: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        families.setdefault(family(name), []).append(name)
    return [
        f"{' and '.join(group)} share records: tests across data sets count them as independent, which they are not."
        for group in families.values()
        if len(group) > 1
    ]


def listed(names: Iterable[str]) -> str:
    """Return names of data sets in one line, synthetic tasks that follow each other by the first and the last.

    >>> listed(["iris", "synthetic/mixed-0", "synthetic/mixed-1", "synthetic/mixed-2", "synthetic/tiny-4"])
    'iris, synthetic/mixed-0 to -2, synthetic/tiny-4'
    """
    runs: list[list[str]] = []
    for name in names:
        family, _, number = name.rpartition("-")
        made = family.startswith("synthetic/") and number.isdecimal()
        if made and runs and runs[-1][-1] == f"{family}-{int(number) - 1}":
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]} to -{run[-1].rpartition('-')[2]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").removeprefix("keel/").removeprefix("common/")


def _is(name: str, member: str) -> bool:
    rest = name.removeprefix(member)
    return name.startswith(member) and not rest[:1].isalpha()
