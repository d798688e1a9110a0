"""Measurements as a file: a long measurement may be made in parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.selection.alrl import Selection
from benchmarks.subprocess_call import Apart

_Key = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Hold what was measured of strategies on pools of some sizes, and where."""

    ours: dict[_Key, Selection]
    """By strategy and records of the pool."""
    theirs: dict[_Key, Apart | None]
    source: Mapping[str, Any]
    """Machine, versions, commit and time, as :func:`alrl.studies.provenance.provenance` gives them."""


def together(first: Numbers, second: Numbers) -> Numbers:
    """Return both; what both have is as the second has it, and so is where they come from."""
    return Numbers(ours=first.ours | second.ours, theirs=first.theirs | second.theirs, source=second.source)


def as_json(numbers: Numbers) -> dict[str, Any]:
    """Return the numbers as lists and tables of plain values."""
    return {
        "ours": [asdict(each) for each in numbers.ours.values()],
        "theirs": [
            {"strategy": name, "records": records, "seconds": call.result, "fault": call.fault}
            for (name, records), call in numbers.theirs.items()
            if call is not None
        ],
        "provenance": numbers.source,
    }


def read_numbers(path: Path) -> Numbers:
    """Return the numbers that :func:`as_json` gave and somebody wrote to a file."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    ours = [Selection(**each) for each in stored["ours"]]
    return Numbers(
        ours={(each.strategy, each.records): each for each in ours},
        theirs={
            (each["strategy"], each["records"]): Apart(result=each["seconds"], fault=each["fault"], peak_anonymous=None)
            for each in stored["theirs"]
        },
        source=stored["provenance"],
    )


def same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether numbers of two sources may stand side by side: the same processor and the same versions.

    >>> same_place({"cpu": "c", "python": "3", "packages": {}}, {"cpu": "c", "python": "4", "packages": {}})
    False
    """
    return all(one[name] == other[name] for name in ("cpu", "python", "packages"))
