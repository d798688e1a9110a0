"""What ``study.json`` of a run says of the study, as a report needs it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alrl.evaluation.curves import METRICS, Metric
from alrl.recipes.regular_files import read_regular
from alrl.reports.claims import read_claims
from alrl.studies.claim_recipe import ClaimRecipe
from alrl.studies.description import RunDirectoryError, read_description

_WRITTEN = "report.json"
_MOST_BYTES = 2**20
_OUTPUTS = frozenset({".html", ".md", ".csv", ".tex", ".png", ".pdf", ".svg"})


@dataclass(frozen=True, kw_only=True)
class StoredStudy:
    """What ``study.json`` of a run says."""

    title: str
    hypothesis: str
    command: str
    cells: Sequence[Mapping[str, Any]]
    primary: tuple[str, str] | None
    metrics: tuple[Metric, ...]
    upper_bounds: tuple[str, ...]
    settings: Mapping[str, Any]
    methods: Mapping[str, Sequence[str]]
    """Policies that were trained for one method, one a seed, by its name."""
    claims: tuple[ClaimRecipe, ...]


def read_study(path: Path) -> StoredStudy:
    """Return what ``study.json`` at ``path`` says. Raises RunDirectoryError if there is none, or it says nothing."""
    stored = read_description(path.parent)
    try:
        primary = stored.get("primary")
        return StoredStudy(
            title=stored["title"],
            hypothesis=str(stored.get("hypothesis", "")),
            command=str(stored.get("command", "")),
            cells=stored["cells"],
            primary=None if primary is None else (str(primary[0]), str(primary[1])),
            metrics=tuple(metric for metric in stored.get("metrics", METRICS) if metric in METRICS) or METRICS,
            upper_bounds=tuple(map(str, stored.get("upper_bounds", ()))),
            settings=dict(stored.get("settings", {})),
            methods=_methods(stored),
            claims=read_claims(stored.get("claims", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise RunDirectoryError(
            f"{path} does not describe a study ({type(error).__name__}: {error}); it needs title and cells: "
            "run the study again"
        ) from error


def _methods(stored: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the methods of a study's description; of an older one, agents of several seeds by their names."""
    if "methods" in stored:
        return {str(name): list(map(str, shown)) for name, shown in stored["methods"].items()}
    methods: dict[str, list[str]] = {}
    trained = str(dict(stored.get("settings", {})).get("trained policies", ""))
    for name in dict.fromkeys(str(cell.get("agent")) for cell in stored["cells"]):
        base, dash, seed = name.rpartition("-")
        if dash and seed.isdigit() and f"{base}: " in trained:
            methods.setdefault(base, []).append(name)
    return {base: names for base, names in methods.items() if len(names) > 1}


def forget_others(folder: Path, written: Iterable[Path]) -> None:
    """Delete what an earlier report wrote into ``folder`` and this one did not, such as pages of a learner left out.

    What was ``written`` stands in ``report.json``. Nothing is deleted that is no page, figure, table or text in the
    folder itself or in its ``figures``.
    """
    own, file = sorted({Path(os.path.relpath(path, folder)).as_posix() for path in written}), folder / _WRITTEN
    try:
        data = read_regular(file, _MOST_BYTES, error=RunDirectoryError, advice="delete it")
        names = {name for name in json.loads(data.decode("utf-8"))["files"] if isinstance(name, str)}
    except (ValueError, KeyError, TypeError, RecursionError):
        names = set()
    for name in names - set(own):
        place = Path(name)
        if place.suffix in _OUTPUTS and place.parent in {Path(), Path("figures")} and ".." not in place.parts:
            (folder / place).unlink(missing_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps({"files": own}, indent=1) + "\n", encoding="utf-8")
    part.replace(file)
