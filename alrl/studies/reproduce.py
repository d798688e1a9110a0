"""Plays a stored cell again, and says whether every bit is the same, and what else is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alrl.agents.players import find_agent
from alrl.errors import AlrlError, PolicyFileError
from alrl.evaluation.curves import Curves
from alrl.strategies import Strategy
from alrl.studies.cell import Cell
from alrl.studies.cell_data import data_of
from alrl.studies.provenance import provenance
from alrl.studies.store.store import RESULTS, Store, StoredCell
from alrl.studies.study_agents import build_again, identity_of

_ARRAYS = ("accuracy", "balanced_accuracy", "picks", "first")


class ReproduceError(AlrlError):
    """A cell that is not there, has not finished, or whose agent or data set is no longer what it was."""


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """A cell played again."""

    cell: StoredCell
    differences: tuple[str, ...]
    """What of the result is not the same; none if every bit is."""
    surroundings: tuple[str, ...]
    """What differs in code, packages and machine."""
    seconds: float

    @property
    def same(self) -> bool:
        """Whether every bit is the same."""
        return not self.differences

    @property
    def summary(self) -> str:
        """A line, with what differs."""
        spec = self.cell.spec
        line = f"{self.cell.id[:12]} {spec['agent']} on {spec.get('data_set', '?')}: "
        if self.same:
            return f"{line}the same bits ({self.seconds:.1f} s)"
        around = f"; beside that: {'; '.join(self.surroundings)}" if self.surroundings else ""
        return f"{line}DIFFERENT: {'; '.join(self.differences)}{around}"

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        return {
            "id": self.cell.id,
            "agent": self.cell.spec["agent"],
            "data_set": self.cell.spec.get("data_set"),
            "same": self.same,
            "differences": list(self.differences),
            "surroundings": list(self.surroundings),
            "seconds": round(self.seconds, 3),
        }


def reproduce(run: Path | str, cells: Sequence[str] | None = None) -> Iterator[Reproduced]:
    """Play cells of the run again, one after another: those whose ids begin as given, every finished one if none is.

    Nothing is written. Raises ReproduceError for a cell that is not there or cannot be played as it was, StoreError if
    the results cannot be read.
    """
    folder = Path(run)
    now = provenance()
    with Store(folder / RESULTS, read_only=True) as store:
        for cell in _chosen(store, cells):
            (stored,) = store.curves([cell.id])
            agent = _agent(store, cell, folder)
            _check_data(cell)
            outcome = Cell(spec=cell.spec, agent=agent)()
            failure = ["it failed: " + outcome.traceback.strip().rpartition("\n")[2]] if outcome.curves is None else []
            yield Reproduced(
                cell=cell,
                differences=tuple(failure if outcome.curves is None else differences(stored, outcome.curves)),
                surroundings=tuple(_surroundings(cell.provenance, now)),
                seconds=outcome.seconds,
            )


def differences(stored: Curves, again: Curves) -> list[str]:
    """Return what of two results differs by a bit, each in a phrase.

    >>> curves = Curves(data_set="iris", strategy="margin", learner="l", batch=1, seeds=(0,), accuracy=[[0.5, 0.75]],
    ...                 balanced_accuracy=[[0.5, 0.75]], picks=[[3]], first=[3])
    >>> differences(curves, curves)
    []
    """
    lines = []
    for name in _ARRAYS:
        old, new = getattr(stored, name), getattr(again, name)
        if old.shape != new.shape:
            lines.append(f"{name} of shape {new.shape}, stored {old.shape}")
        elif old.tobytes() != new.tobytes():
            row, column = (int(part[0]) for part in np.nonzero(np.atleast_2d(old != new)))
            place = f"first at seed {stored.seeds[row if old.ndim > 1 else column]}"
            largest = float(np.abs(old - new).max())
            lines.append(f"{name} in {int((old != new).sum())} of {old.size} values, {place}, by up to {largest:g}")
    return lines


def _chosen(store: Store, cells: Sequence[str] | None) -> list[StoredCell]:
    stored = store.cells()
    if not cells:
        return [cell for cell in stored if cell.finished]
    chosen = []
    for wanted in cells:
        fitting = [cell for cell in stored if cell.id.startswith(wanted)]
        if len(fitting) != 1:
            ids = ", ".join(cell.id[:12] for cell in (fitting or stored)[:5])
            count = "no cell" if not fitting else f"{len(fitting)} cells"
            raise ReproduceError(f"{count} of {store.path} begins with {wanted!r}; there are {ids or 'none'}, ...")
        if not fitting[0].finished:
            raise ReproduceError(f"cell {fitting[0].id[:12]} failed: run the study again before comparing with it")
        chosen.append(fitting[0])
    return chosen


def _agent(store: Store, cell: StoredCell, folder: Path) -> Strategy:
    """Return the cell's agent, by what the run kept of it; by its name where an older alrl kept nothing."""
    wanted, name = cell.spec["agent_identity"], cell.spec["agent"]
    recipe = store.agent(wanted)
    try:
        strategy, identity = build_again(recipe, folder) if recipe is not None else _by_name(name, folder)
    except PolicyFileError as error:
        raise ReproduceError(f"agent {name!r} of cell {cell.id[:12]} cannot be built again: {error}") from error
    if identity != wanted:
        raise ReproduceError(
            f"agent {name!r} is no longer what cell {cell.id[:12]} was played with ({identity[:12]}, then"
            f" {wanted[:12]}): bring back its recipe or its policy file"
        )
    return strategy


def _by_name(name: str, folder: Path) -> tuple[Strategy, str]:
    if (folder / "policies" / name / "policy.json").is_file():
        return build_again({"kind": "policy", "policy": f"policies/{name}"}, folder)
    strategy = find_agent(name)
    return strategy, identity_of(name, strategy)


def _check_data(cell: StoredCell) -> None:
    wanted = cell.spec.get("fingerprint")
    fingerprint = data_of(cell.spec).fingerprint if wanted is not None else None
    if fingerprint != wanted:
        raise ReproduceError(
            f"data set {cell.spec['data_set']!r} is no longer what cell {cell.id[:12]} was played on: its fingerprint"
            f" is {str(fingerprint)[:12]}, then {str(wanted)[:12]}"
        )


def _surroundings(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    old, new = dict(then.get("packages", {})), dict(now.get("packages", {}))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name, 'absent')} then, {new.get(name, 'absent')} now"
    for key in ("python", "platform", "git", "cpu"):
        if then.get(key) != now.get(key):
            yield f"{key} {then.get(key)} then, {now.get(key)} now"
