"""Runs a study: trains its policies, plays its cells on all cores, stores each as soon as it is finished."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alrl import recipes
from alrl.agents.players import shadowed
from alrl.data.families import listed
from alrl.data.table_recipe import load_source
from alrl.data.tables.report import DataReport
from alrl.errors import AlrlError, InvalidRecipeError
from alrl.evaluation.curves import Metric
from alrl.numerics.backend import usable_device
from alrl.progress import Bars
from alrl.recipes.code_identity import CHANGES, Change, changes, code_of, source_folders
from alrl.studies.canonical import run_id
from alrl.studies.cell import Cell, work
from alrl.studies.cell_data import check_distinct
from alrl.studies.description import other_study, write_description
from alrl.studies.executors import Executor, make_executor
from alrl.studies.protocols import make_protocol, protocol_class
from alrl.studies.protocols.paired import learner_name
from alrl.studies.store.store import RESULTS, STUDY, Store
from alrl.studies.study import DEFAULT_PROTOCOL, StudyRecipe
from alrl.studies.study_agents import StudyAgent, StudyAgents, check_held_out, training_sets


class RunFolderError(AlrlError):
    """A folder that a run cannot write to, or that holds another study.

    To do: give a folder that can be written, and holds no other study, with ``--out``.
    """


@dataclass(frozen=True, kw_only=True)
class Ran:
    """Result of a run."""

    folder: Path
    cells: int
    """Cells of the study."""
    played: int
    """Cells that this run played; the others were there already."""
    failed: int
    """Cells that raised an error; their tracebacks are in the store."""
    seconds: float
    ids: tuple[str, ...]
    """The cells' ids in the store, which may hold cells of the study as it was before it was changed."""
    primary: tuple[str, str] | None
    """The strategy that the study is about and the one that it is held against, as tables name them."""
    metric: Metric
    """The study's first: what the primary comparison is of."""
    upper_bounds: tuple[str, ...] = ()
    """The oracles, as tables name them."""
    replayed: tuple[str, ...] = ()
    """Sentences on cells that were played again, or kept, though other code had played them."""
    hiding: tuple[str, ...] = ()
    """Sentences on agents of the working directory that hide those of their names that come with alrl."""


@dataclass(kw_only=True)
class Runner:
    """One run of a study into a folder; running it again plays what is missing."""

    study: StudyRecipe
    folder: Path
    command: str = ""
    workers: int | None = None
    """Processes; by default one for each core, at most 8."""
    device: str = "cpu"
    """Where loops are computed; on a GPU one process does it."""
    executor: str = "loky"
    """The engine that plays cells: see :mod:`alrl.studies.executors`, as for the next two."""
    address: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    bars: Bars = field(default_factory=lambda: Bars(quiet=True))
    watch: Callable[[Store, int, int], object] | None = None
    """Called now and then while cells are played: with the store, how many are played, and how many are to be."""
    every: float = 10.0
    """Seconds between two such calls."""

    def __post_init__(self) -> None:
        self.agents = StudyAgents(
            study=self.study, folder=self.folder, workers=self.workers, device=self.device, bars=self.bars
        )

    def check(self) -> None:
        """Find what would stop the study before anything is trained or written.

        Raises InvalidRecipeError for data sets or agents that there are not, two data sets of one content, or a policy
        that has seen one of the study's data sets or their relatives, RunFolderError if the folder holds another study.
        """
        usable_device(self.device)
        oracles = {*(self.agents.primary() or ())} & {*self.agents.upper_bounds()}
        if oracles:
            raise InvalidRecipeError(
                f"primary names {min(oracles)}, which sees hidden labels: no competitor, so hold strategies against"
                " each other"
            )
        check_held_out(self.study)
        other = other_study(self.folder, self.study.title, self.study.data_sets)
        if other:
            raise RunFolderError(f"{self.folder} holds another study, {other!r}; choose another folder with --out")
        check_distinct(self.study.sources)
        with recipes.checked_while_parsed():
            self.build()

    def build(self) -> None:
        """Build what the study names, classes of one's own too: what is wrong with them stops it before it begins.

        Raises InvalidRecipeError for a class that there is not, or that does not take its settings.
        """
        make_protocol(self.study.protocol)
        for setting in self.study.settings():
            setting.learner.build()
            setting.annotator.build()
            for contamination in setting.contamination:
                contamination.build()
        self.agents.untrained()

    def tables(self) -> dict[str, DataReport]:
        """Return how the tables among the data sets were read, by name. Raises what loading a data set does."""
        loaded = {name: load_source(source) for name, source in self.study.sources.items()}
        return {name: data.report for name, data in loaded.items() if data.report is not None}

    def run(self) -> Ran:
        """Train, play, store.

        Raises what :meth:`check` does, ExecutorError if the engine is not there, StoreError or RunFolderError if the
        folder cannot be written.
        """
        started = time.perf_counter()
        self.check()
        self.build()
        engine = self.engine()
        self._make_folder()
        with Store(self.folder / RESULTS) as store:
            agents = self.agents.all()
            for agent in agents:
                store.keep_agent(agent.identity, agent.name, agent.recipe)
            cells = [(cell, agent) for agent in agents for cell in cells_of(self.study, agent.name, agent.identity)]
            ids = tuple(run_id(cell) for cell, _ in cells)
            codes = {key: code_of_cell(cell, agent.recipe) for key, (cell, agent) in zip(ids, cells, strict=True)}
            modules = source_folders(sorted({name for code in codes.values() for name in code["classes"]}))
            self._describe([cell for cell, _ in cells], modules)
            wanted, replayed = self.missing(store.codes(), codes)
            missing = [pair for key, pair in zip(ids, cells, strict=True) if key in wanted]
            failed = self._play(store, engine, missing, codes)
        return Ran(
            folder=self.folder,
            cells=len(cells),
            played=len(missing) - failed,
            failed=failed,
            seconds=time.perf_counter() - started,
            ids=ids,
            primary=self.agents.primary(),
            metric=self.study.metrics[0],
            upper_bounds=tuple(self.agents.upper_bounds()),
            replayed=replayed,
            hiding=tuple(self.hiding()),
        )

    def missing(
        self, finished: Mapping[str, Mapping[str, Any] | None], codes: Mapping[str, Mapping[str, Any]]
    ) -> tuple[set[str], tuple[str, ...]]:
        """Return the ids of the cells that are to be played, and sentences on those that other code has played.

        ``finished`` holds the code that played each finished cell, ``codes`` that which plays each cell now, by id.
        """
        missing: set[str] = set()
        counts: Counter[tuple[str, Change]] = Counter()
        for key, code in codes.items():
            changed = changes(finished[key], code) if key in finished else []
            again = key not in finished or bool(set(changed) & set(self.study.replay))
            missing |= {key} if again else set()
            counts.update(("played again" if again else "kept as they are", change) for change in changed[:1])
        return missing, tuple(f"{count} cells are {what}: {CHANGES[why]}" for (what, why), count in counts.items())

    def engine(self) -> Executor:
        """Return the executor. Raises ExecutorError if it is not installed, or does not take a setting."""
        workers = self.workers if self.device == "cpu" else 1
        return make_executor(
            self.executor, workers=workers, address=self.address, folder=self.folder, options=self.options
        )

    def _play(
        self,
        store: Store,
        engine: Executor,
        cells: Sequence[tuple[dict[str, Any], StudyAgent]],
        codes: Mapping[str, Mapping[str, Any]],
    ) -> int:
        bar = self.bars.bar("play, data sets x strategies", len(cells))
        watched = -math.inf
        # Longest first, lest one is waited for at the end.
        ordered = sorted(cells, key=lambda pair: -work(pair[0]))
        to_play = [Cell(spec=spec, agent=agent.strategy, device=self.device) for spec, agent in ordered]
        failed = 0
        for done, outcome in enumerate(engine.outcomes(to_play) if to_play else (), start=1):
            if outcome.curves is None:
                store.fail(outcome.spec, outcome.traceback, provenance=outcome.provenance)
                failed += 1
            else:
                store.add(
                    outcome.spec,
                    outcome.curves,
                    outcome.seconds,
                    cpu_seconds=outcome.cpu_seconds,
                    peak_bytes=outcome.peak_bytes,
                    provenance=outcome.provenance,
                    code=codes[run_id(outcome.spec)],
                )
            if self.watch is not None and time.monotonic() - watched > self.every:
                watched = time.monotonic()
                with suppress(OSError):
                    # A page that cannot be written must not end the run.
                    self.watch(store, done, len(cells))
            bar.advance(note=f"{outcome.spec.get('data_set', '')}, {outcome.spec['agent']}")
        bar.done()
        return failed

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(self.folder, error) from error

    def _describe(self, cells: list[dict[str, Any]], modules: list[str]) -> None:
        content = {
            "title": self.study.title,
            "hypothesis": self.study.hypothesis,
            "command": self.command,
            "cells": cells,
            "primary": self.agents.primary(),
            "upper_bounds": self.agents.upper_bounds(),
            "methods": self.agents.methods(),
            "claims": [{**each.model_dump(), "contrast": self._shown(each.contrast)} for each in self.study.claims],
            "metrics": list(self.study.metrics),
            "settings": self._settings(),
            "tables": {name: report.to_json() for name, report in self.tables().items()},
            "modules": modules,
        }
        try:
            write_description(self.folder, content)
        except OSError as error:
            raise _cannot_write(self.folder / STUDY, error) from error

    def _shown(self, names: Sequence[str]) -> list[str]:
        """Return what tables over data sets call agents: a method of several trainings by its own name."""
        return [name if name in self.agents.methods() else self.agents.shown(name)[0] for name in names]

    def hiding(self) -> list[str]:
        """Return sentences on agents of the working directory that hide those of their names that come with alrl."""
        return [text for name in self.study.agents if name not in self.study.train and (text := shadowed(name))]

    def _settings(self) -> dict[str, Any]:
        study, settings = self.study, list(self.study.settings())
        policies = [f"{name}: {training.summary}" for name, training in study.train.items()]
        seen = dict.fromkeys(data for sets in training_sets(study).values() for data in sets)
        learners = dict.fromkeys(learner_name(setting.learner.kind, setting.learner.settings) for setting in settings)
        return {
            "data sets": ", ".join(study.data_sets),
            "training data sets": listed(seen) or "none",
            "protocol": study.protocol,
            "labels": ", ".join(dict.fromkeys(str(setting.labels) for setting in settings)),
            "batch": ", ".join(dict.fromkeys(str(setting.batch) for setting in settings)),
            "paired seeds": study.seeds,
            "learners": ", ".join(learners),
            "trained policies": "; ".join(policies) or "none",
            "recipe sha256": recipes.identity(study),
            **({"own recipes": "; ".join(hiding)} if (hiding := self.hiding()) else {}),
        }


def cells_of(study: StudyRecipe, agent: str, identity: str) -> list[dict[str, Any]]:
    """Return the specifications of an agent's cells: all that a result depends on, apart from the code."""
    protocol = {} if study.protocol == DEFAULT_PROTOCOL else {"protocol": study.protocol}
    own = {"agent": agent, "agent_identity": identity, **protocol}
    return [{**cell, **own} for cell in make_protocol(study.protocol).cells(study)]


def code_of_cell(cell: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the identity of the code that plays a cell: alrl's, and that of each class that it or its agent names."""
    return code_of(cell, recipe, protocol_class(cell.get("protocol", DEFAULT_PROTOCOL)))


def _cannot_write(path: Path, error: OSError) -> RunFolderError:
    return RunFolderError(
        f"{path} cannot be written ({error.strerror or error}): what was finished is kept; free space, check the rights"
        " of the folder, or choose another with --out"
    )
