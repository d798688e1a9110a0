"""Plays a stored cell again, and says whether every bit is the same, and what else is not.

The same code, packages and kind of machine give the same bits. Elsewhere a sum that is rounded otherwise may turn a
choice between two records, and the curves part from there: then the mean areas under the curves are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alrl import recipes
from alrl.agents.players import find_agent
from alrl.data.data_set import DataSet
from alrl.errors import AlrlError, InvalidRecipeError, PolicyFileError
from alrl.evaluation.curves import METRICS, Curves
from alrl.recipes.code_identity import CHANGES, changes, code_of
from alrl.strategies import Strategy
from alrl.studies.canonical import SOURCE
from alrl.studies.cell import Cell, CellResult
from alrl.studies.cell_data import data_of
from alrl.studies.description import RunDirectoryError, read_description
from alrl.studies.provenance import provenance
from alrl.studies.store.store import RESULTS, Store, StoredCell
from alrl.studies.study_agents import build_again, identity_of, refused_classes

TOLERANCE = 0.01
"""Difference of mean areas under the curves, as a fraction, within which another machine agrees: one point."""
_ARRAYS = ("accuracy", "balanced_accuracy", "picks", "first")


class ReproduceError(AlrlError):
    """A cell that is not there, has not finished, or whose agent or data set is no longer what it was.

    To do: name a finished cell of the run; get the data set and the agent as they were.
    """


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """A cell played again."""

    cell: StoredCell
    differences: tuple[str, ...]
    """What of the result is not the same; none if every bit is."""
    surroundings: tuple[str, ...]
    """What differs in code, packages and machine."""
    seconds: float
    elsewhere: bool = False
    """Whether packages or machine are not those that the cell was played with, so that bits may differ."""
    deviation: float | None = None
    """Largest difference of the mean areas, of accuracy and balanced accuracy; None where they cannot be compared."""
    tolerance: float = TOLERANCE

    @property
    def same(self) -> bool:
        """Whether every bit is the same."""
        return not self.differences

    @property
    def agrees(self) -> bool:
        """Whether every bit is the same or, elsewhere, the mean areas differ by no more than the tolerance."""
        near = self.deviation is not None and self.deviation <= self.tolerance
        return self.same or (self.elsewhere and near)

    @property
    def summary(self) -> str:
        """A line, with what differs."""
        spec = self.cell.spec
        line = f"{self.cell.id[:12]} {spec['agent']} on {spec.get('data_set', '?')}: "
        if self.same:
            return f"{line}the same bits ({self.seconds:.1f} s)"
        around = f"; beside that: {'; '.join(self.surroundings)}" if self.surroundings else ""
        if self.agrees and self.deviation is not None:
            return (
                f"{line}agrees, mean AUBC within {100 * self.deviation:.2f} points (tolerance"
                f" {100 * self.tolerance:g}); not the same bits: {'; '.join(self.differences)}{around}"
            )
        return f"{line}DIFFERENT: {'; '.join(self.differences)}{around}"

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        return {
            "id": self.cell.id,
            "agent": self.cell.spec["agent"],
            "data_set": self.cell.spec.get("data_set"),
            "same": self.same,
            "agrees": self.agrees,
            "deviation": self.deviation,
            "differences": list(self.differences),
            "surroundings": list(self.surroundings),
            "seconds": round(self.seconds, 3),
        }


def reproduce(
    run: Path | str,
    cells: Sequence[str] | None = None,
    *,
    data: Path | str | None = None,
    tolerance: float = TOLERANCE,
) -> Iterator[Reproduced]:
    """Play cells of the run again, one after another: those whose ids begin as given, every finished one if none is.

    Nothing is written. A table of one's own that is no longer where it was is looked for, by the name of its file, in
    ``data``, in the run's folder, in ``data`` there, and in the working directory; its content has to be the same.
    Modules of one's own are found where they were, beside the run and in the working directory.

    Raises ReproduceError for a cell that is not there or cannot be played as it was, StoreError if the results cannot
    be read.
    """
    folder = Path(run)
    now = provenance()
    with Store(folder / RESULTS, read_only=True) as store:
        for cell in _chosen(store, cells):
            _check_described(cell)
            (stored,) = store.curves([cell.id])
            use_modules_of(folder, [dict(cell.spec), store.agent(cell.spec["agent_identity"])])
            if refused := refused_classes(store, [cell.spec]):
                raise ReproduceError(
                    f"cell {cell.id[:12]} is played by code of others, which --no-code and {recipes.NO_CODE}=1 refuse"
                    f" to run: {', '.join(refused)}; read it, then leave them out, or name other cells"
                )
            agent = _agent(store, cell, folder)
            spec = _with_data(cell, [Path(data)] if data is not None else [], folder)
            yield compared(cell, stored, Cell(spec=spec, agent=agent)(), now, tolerance)


def compared(
    cell: StoredCell, stored: Curves, outcome: CellResult, now: Mapping[str, Any], tolerance: float = TOLERANCE
) -> Reproduced:
    """Return how the curves of a cell compare with those of playing it again; ``now`` is the provenance of that."""
    again = outcome.curves
    failure = ["it failed: " + outcome.traceback.strip().rpartition("\n")[2]]
    return Reproduced(
        cell=cell,
        differences=tuple(failure if again is None else differences(stored, again)),
        surroundings=(*_surroundings(cell.provenance, now), *_of_code(cell)),
        seconds=outcome.seconds,
        elsewhere=_surrounding(cell.provenance) != _surrounding(now),
        deviation=None if again is None else _deviation(stored, again),
        tolerance=tolerance,
    )


def _check_described(cell: StoredCell) -> None:
    """Refuse a cell that lacks what every cell of alrl tells, or whose data set is told in another way."""
    source = cell.spec.get(SOURCE, {"file": ""})
    named = all(isinstance(cell.spec.get(key), str) for key in ("agent", "agent_identity", "data_set"))
    if not named or not isinstance(source, dict) or not isinstance(source.get("file"), str):
        raise ReproduceError(
            f"cell {cell.id[:12]} names no agent or no data set as alrl does: it was changed, or another protocol's"
        )


def _surrounding(origin: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what bits may depend on beside alrl's own code, which excuses no difference."""
    packages = {name: version for name, version in dict(origin.get("packages", {})).items() if name != "alrl"}
    return packages, origin.get("python"), origin.get("platform"), dict(origin.get("cpu") or {}).get("name")


def use_modules_of(folder: Path, content: Any) -> None:
    """Let the classes that a content names be found: where the run noted their modules, beside the run, or from here.

    Nothing is imported.
    """
    try:
        noted = list(map(Path, read_description(folder).get("modules", ())))
    except (RunDirectoryError, TypeError):
        noted = []
    recipes.let_import(content, [*noted, folder, Path.cwd()])


def _of_code(cell: StoredCell) -> Iterator[str]:
    now = code_of(*(() if cell.code is None else cell.code.get("classes", ())))
    yield from (CHANGES[change] for change in changes(cell.code, now))


def _deviation(stored: Curves, again: Curves) -> float | None:
    """Return the largest difference of the mean areas; None where first samples or spans are not the same."""
    if stored.accuracy.shape != again.accuracy.shape or not np.array_equal(stored.first, again.first):
        return None
    return max(abs(float(stored.area(metric).mean() - again.area(metric).mean())) for metric in METRICS)


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
    except (PolicyFileError, InvalidRecipeError) as error:
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


def _with_data(cell: StoredCell, beside: Sequence[Path], folder: Path) -> Mapping[str, Any]:
    """Return the cell's specification with its table where it is now. Raises ReproduceError if it is another."""
    spec = dict(cell.spec)
    if SOURCE in spec and not Path(spec[SOURCE]["file"]).is_file():
        # A path of another system has other slashes.
        name = spec[SOURCE]["file"].replace("\\", "/").rpartition("/")[2]
        places = [place / name for place in (*beside, folder, folder / "data", Path.cwd())]
        present = [place for place in places if place.is_file()]
        if not present:
            raise ReproduceError(
                f"the table of data set {spec['data_set']!r} is neither at {spec[SOURCE]['file']} nor at"
                f" {', '.join(map(str, places))}: put it there, or give its folder with --data"
            )
        spec[SOURCE] = {**spec[SOURCE], "file": str(present[0].resolve())}
    wanted = spec.get("fingerprint")
    fingerprint = _data(spec, cell).fingerprint if wanted is not None else None
    if fingerprint != wanted:
        raise ReproduceError(
            f"data set {spec['data_set']!r} is no longer what cell {cell.id[:12]} was played on: its fingerprint"
            f" is {str(fingerprint)[:12]}, then {str(wanted)[:12]}"
        )
    return spec


def _data(spec: Mapping[str, Any], cell: StoredCell) -> DataSet:
    try:
        return data_of(spec)
    except AlrlError:
        raise
    except ValueError as error:
        raise ReproduceError(f"cell {cell.id[:12]} tells of its table what cannot be read: {error}") from error


def _surroundings(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    old, new = dict(then.get("packages", {})), dict(now.get("packages", {}))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name, 'absent')} then, {new.get(name, 'absent')} now"
    for key in ("python", "platform", "git", "cpu"):
        if then.get(key) != now.get(key):
            yield f"{key} {then.get(key)} then, {now.get(key)} now"
