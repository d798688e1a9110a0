"""Number of cells that a study still has to play, and an estimate of the time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from alrl import recipes
from alrl.strategies import Strategy
from alrl.studies.canonical import run_id
from alrl.studies.cell import Cell, work
from alrl.studies.runner import Runner, cells_of, code_of_cell
from alrl.studies.store.store import RESULTS, Store, StoredCell

_LOOPS = 4
"""Loops of a cell that are played to time it."""
_SECONDS = 20.0
"""After so long no further cell is timed."""


@dataclass(frozen=True, kw_only=True)
class WorkEstimate:
    """Estimate of the work of a run."""

    cells: int
    finished: int
    missing: int
    seconds: float | None
    """Of wall time for the missing cells; None if no cell could be timed."""
    workers: int
    basis: str
    """What the time was judged by."""
    to_train: tuple[str, ...]
    """Policies that would be trained first, which is not in the time."""
    not_tried: tuple[str, ...] = ()
    """Agents of others' code, which an estimate does not run: their time is that of the others."""
    unchecked: tuple[str, ...] = ()
    """Classes of others that learners and circumstances name: nothing is known of them before the study is run."""

    @property
    def summary(self) -> str:
        """In words."""
        text = f"{self.cells} cells: {self.finished} finished, {self.missing} to play"
        if self.missing and self.seconds is not None:
            text += f", about {_duration(self.seconds)} with {self.workers} worker(s), judged by {self.basis}"
        if self.to_train:
            text += f". First {', '.join(self.to_train)} would be trained, which the time leaves out"
        if self.not_tried:
            text += f". {', '.join(self.not_tried)} need code of others, which was not run: their time is a guess"
        if self.unchecked:
            text += (
                f". {', '.join(self.unchecked)} not looked at, being code of others: whether the study can build it,"
                " and with these settings, shows when it is run"
            )
        return text + ". Nothing was written."

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        return asdict(self)


def estimate(runner: Runner) -> WorkEstimate:
    """Count the cells of a run and estimate its time: by cells played before, else by the first loops of some.

    Nothing is trained or written, and no class of others is imported. Raises what
    :meth:`~alrl.studies.runner.Runner.check` does, CodeRefusedError for a protocol of others: only it knows the cells.
    """
    with recipes.without_code():
        return _estimate(runner)


def _estimate(runner: Runner) -> WorkEstimate:
    runner.check()
    agents = runner.agents.untrained()
    stored = _stored(runner)
    listed, codes = [], {}
    for name, strategy, key, recipe in agents:
        for cell in cells_of(runner.study, name, key or ""):
            listed.append((cell, strategy))
            codes[run_id(cell)] = code_of_cell(cell, recipe)
    wanted, _ = runner.missing({cell.id: cell.code for cell in stored if cell.finished}, codes)
    missing = [(cell, strategy) for cell, strategy in listed if run_id(cell) in wanted]
    workers = runner.engine().workers
    rates = _rates_of(stored)
    basis = "cells played before"
    unknown = [(cell, player) for cell, player in missing if player is not None and _kind(cell) not in rates]
    if unknown:
        rates |= _calibrated(unknown, runner)
        basis = (
            "the first loops of some cells" if len(unknown) == len(missing) else f"{basis} and first loops of others"
        )
    typical = median(rates.values()) if rates else None
    known = [(work(cell), rates.get(_kind(cell), typical)) for cell, _ in missing]
    seconds = None if typical is None else sum(amount * rate for amount, rate in known if rate is not None) / workers
    not_tried = tuple(name for name, strategy, _, _ in agents if strategy is None)
    return WorkEstimate(
        cells=len(listed),
        finished=len(listed) - len(missing),
        missing=len(missing),
        seconds=seconds if missing else 0.0,
        workers=workers,
        basis=basis,
        to_train=tuple(name for name, _, key, _ in agents if key is None),
        not_tried=not_tried,
        unchecked=tuple(sorted(set(recipes.references([cell for cell, _ in listed])) - set(not_tried))),
    )


def _stored(runner: Runner) -> list[StoredCell]:
    path = runner.folder / RESULTS
    if not path.is_file():
        return []
    with Store(path, read_only=True) as store:
        return store.cells()


_Kind = tuple[str, str, str]


def _kind(cell: Mapping[str, Any]) -> _Kind:
    """Return cells that cost about the same for each unit of work."""
    return str(cell["agent"]), str(cell.get("data_set")), str(cell.get("learner"))


def _rates_of(stored: Sequence[StoredCell]) -> dict[_Kind, float]:
    """Return seconds for a unit of work, by kind, of cells that were played."""
    return {_kind(cell.spec): cell.seconds / work(cell.spec) for cell in stored if cell.finished and cell.seconds}


def _calibrated(cells: Sequence[tuple[dict[str, Any], Strategy]], runner: Runner) -> dict[_Kind, float]:
    """Return the same by playing the first loops of one cell of each kind, as many kinds as there is time for."""
    kinds = {_kind(cell): (cell, strategy) for cell, strategy in reversed(cells)}
    ordered = _spread(list(kinds.values()))
    bar = runner.bars.bar("time the first rounds", len(ordered))
    rates: dict[_Kind, float] = {}
    began = time.perf_counter()
    warm: set[str] = set()
    for cell, strategy in ordered:
        if rates and time.perf_counter() - began > _SECONDS:
            break
        short = {**cell, "labels": min(cell["labels"], _LOOPS * cell["batch"])} if "labels" in cell else cell
        shortened = Cell(spec=short, agent=strategy, device=runner.device)
        if cell["agent"] not in warm:
            # What is loaded and compiled at an agent's first use is no part of a cell's time.
            shortened()
            warm.add(cell["agent"])
        outcome = shortened()
        if outcome.curves is not None:
            rates[_kind(cell)] = outcome.seconds / work(short)
        bar.advance(note=f"{cell.get('data_set', '')}, {cell['agent']}")
    bar.done()
    # A data set that was not reached costs what its agent costs elsewhere.
    by_agent: dict[str, list[float]] = {}
    for (agent, _, _), rate in rates.items():
        by_agent.setdefault(agent, []).append(rate)
    return {kind: rates.get(kind, median(by_agent.get(kind[0], list(rates.values()) or [0.0]))) for kind in kinds}


def _spread(cells: list[tuple[dict[str, Any], Strategy]]) -> list[tuple[dict[str, Any], Strategy]]:
    """So ordered that a beginning of it holds each agent and each data set alike: along diagonals of their table."""
    agents = list(dict.fromkeys(cell["agent"] for cell, _ in cells))
    data = list(dict.fromkeys(str(cell.get("data_set")) for cell, _ in cells))

    def place(pair: tuple[dict[str, Any], Strategy]) -> tuple[int, int]:
        row, column = agents.index(pair[0]["agent"]), data.index(str(pair[0].get("data_set")))
        return (column - row) % len(data), row

    return sorted(cells, key=place)


def _duration(seconds: float) -> str:
    """For people.

    >>> _duration(41.6), _duration(192), _duration(9000)
    ('42 s', '3 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
