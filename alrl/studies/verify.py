"""Verify that a run is as it was stored: every cell by its checksum, every policy by its weights, nothing missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alrl.agents.policy_file import load_policy
from alrl.errors import AlrlError
from alrl.recipes.code_identity import CHANGES, changes, code_of
from alrl.studies.canonical import canonical, content_id, run_id
from alrl.studies.description import SUM, description_fits, read_description
from alrl.studies.reproduce import use_modules_of
from alrl.studies.store.salvage import Examined, examine
from alrl.studies.store.store import RESULTS, STUDY, Store, StoreError


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Result of :func:`verify`."""

    cells: int
    sound: int
    """Finished cells whose checksum fits."""
    unchecked: int
    """Finished cells that can be read, and were stored before cells had checksums."""
    failed: int
    faults: tuple[str, ...]
    """What is damaged or missing, in sentences that name the cell, the policy or the file."""
    remarks: tuple[str, ...]
    """What is no damage: other code than today's, cells whose code is not known."""

    @property
    def lines(self) -> list[str]:
        """What was seen, for people."""
        counts = [f"{self.sound} sound by their checksums"]
        counts += [f"{self.unchecked} readable, stored before cells had checksums"] if self.unchecked else []
        counts += [f"{self.failed} failed when they were played"] if self.failed else []
        return [f"{self.cells} cells: {', '.join(counts)}; {len(self.faults)} faults.", *self.faults, *self.remarks]

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        counts = {"cells": self.cells, "sound": self.sound, "unchecked": self.unchecked, "failed": self.failed}
        return {**counts, "faults": list(self.faults), "remarks": list(self.remarks)}


def verify(run: Path | str) -> Verified:
    """Examine every cell and policy of a run; nothing is played and nothing written.

    Raises StoreError if there are no results, or they cannot be opened at all.
    """
    folder = Path(run)
    examined = list(examine(folder / RESULTS))
    counts = Counter(examination.status for examination in examined)
    damaged = [f"Cell {each.name} is damaged: {each.fault}." for each in examined if each.status == "damaged"]
    damaged += [
        f"Cell {each.name}: what it took, or when and where it was played, is not as it was stored."
        for each in examined
        if not each.facts_fit
    ]
    return Verified(
        cells=len(examined),
        sound=counts["sound"],
        unchecked=counts["unchecked"],
        failed=counts["failed"],
        faults=(*damaged, *_of_study(folder, examined), *_of_agents(folder, examined)),
        remarks=tuple(_of_code(folder, examined)),
    )


def _of_study(folder: Path, examined: list[Examined]) -> Iterator[str]:
    try:
        description = read_description(folder)
        listed = [run_id(cell) for cell in description["cells"]]
    except (AlrlError, ValueError, TypeError) as error:
        yield f"{error}."
        return
    summed = any((each.cell or {}).get("facts_checksum") is not None for each in examined)
    if not description_fits(description) or (summed and SUM not in description):
        yield f"{folder / STUDY} is not as it was written: run the study again, it writes it."
    there = {examination.id for examination in examined}
    missing = [key[:12] for key in listed if key not in there]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        yield f"{len(missing)} cells of the study are not stored ({shown}): run the study again, it plays them."


def _of_agents(folder: Path, examined: list[Examined]) -> Iterator[str]:
    """Yield agents that are no longer what cells were played with: a rule's recipe, a policy's weights."""
    whole = [examination for examination in examined if examination.status in {"sound", "unchecked"}]
    specs = [_spec(examination) for examination in whole]
    names = {str(spec["agent_identity"]): str(spec["agent"]) for spec in specs if "agent_identity" in spec}
    # An older alrl, which recorded no code, did not keep every agent.
    coded = {str(_spec(each).get("agent_identity")) for each in whole if (each.cell or {}).get("code") is not None}
    try:
        store = Store(folder / RESULTS, read_only=True)
    except StoreError as error:
        # Its cells were read around what is damaged.
        yield f"{error}."
        return
    with store:
        if len(whole) == len(examined):
            # Cells that are sound by themselves, in a file whose tables are not: StoreError says so.
            store.cells()
            store.curves()
        for identity, name in names.items():
            try:
                recipe = store.agent(identity)
            except StoreError:
                yield f"The recipe of agent {name} is damaged: run the study again, it writes it."
                continue
            fault = _fault_of_agent(folder, recipe, identity) if recipe is not None else ""
            if recipe is None and identity in coded:
                fault = "The recipe of agent {name} is not stored: run the study again, it writes it."
            if fault:
                yield fault.replace("{name}", name)


def _fault_of_agent(folder: Path, recipe: Mapping[str, Any], identity: str) -> str:
    if recipe.get("kind") == "policy":
        fault = _fault_of_policy(folder / str(recipe.get("policy")), identity)
        return f"Policy {{name}} {fault}." if fault else ""
    fits = content_id(canonical(recipe)) == identity
    return "" if fits else "The recipe of agent {name} is not what its cells were played with: run the study again."


def _fault_of_policy(folder: Path, identity: str) -> str:
    try:
        fingerprint = load_policy(folder.resolve()).fingerprint
    except AlrlError as error:
        return f"cannot be loaded: {error}"
    return "" if fingerprint == identity else f"in {folder} is no longer what its cells were played with"


def _of_code(folder: Path, examined: list[Examined]) -> Iterator[str]:
    """Yield how many cells other code played than that which is there now."""
    finished = [examination for examination in examined if examination.status in {"sound", "unchecked"}]
    counts: Counter[str] = Counter()
    # Many cells of one code: the study's file is read, and the code hashed, once for each.
    for stored, number in Counter((each.cell or {}).get("code") for each in finished).items():
        known = None if stored is None else json.loads(stored)
        named = [] if known is None else list(known.get("classes", ()))
        use_modules_of(folder, named)
        counts.update(dict.fromkeys(changes(known, code_of(named)), number))
    for change, count in counts.items():
        yield f"{count} of {len(finished)} cells: {CHANGES[change]}."  # type: ignore[index]


def _spec(each: Examined) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = json.loads((each.cell or {})["spec"])
    return spec
