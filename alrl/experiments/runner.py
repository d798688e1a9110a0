"""Runs a study: trains its policies, plays its cells on all cores, stores each as soon as it is finished."""

from __future__ import annotations

import dataclasses
import json
import os
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import load_agent_recipe
from alrl.agents.training import Trainer
from alrl.envs.recipe import load_env_recipe
from alrl.errors import PolicyFileError
from alrl.experiments.report import RESULTS, STUDY
from alrl.experiments.simulate import simulate
from alrl.experiments.store import Store, run_id
from alrl.experiments.study import StudyRecipe, check_held_out, rule_or_policy
from alrl.learners import make_learner
from alrl.loop.curves import Curves
from alrl.loop.device import usable_device
from alrl.loop.sources import load_data_set
from alrl.loop.threads import one_thread
from alrl.progress import Bars
from alrl.strategies import Strategy


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a run did."""

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
    bars: Bars = field(default_factory=lambda: Bars(quiet=True))

    def run(self) -> Ran:
        """Train, play, store.

        Raises InvalidRecipeError if a policy has seen one of the study's data sets or their relatives.
        """
        started = time.perf_counter()
        usable_device(self.device)
        check_held_out(self.study)
        # A misspelt name is told before anything is trained.
        for data in self.study.data:
            load_data_set(data)
        self.folder.mkdir(parents=True, exist_ok=True)
        agents = {name: agent for asked in self.study.agents for name, agent in self._agents(asked).items()}
        cells = [cell for name, agent in agents.items() for cell in self._cells(name, agent)]
        self._describe(cells)
        with Store(self.folder / RESULTS) as store:
            finished = store.finished()
            missing = [cell for cell in cells if run_id(cell) not in finished]
            failed = self._play(store, missing, agents)
        return Ran(
            folder=self.folder,
            cells=len(cells),
            played=len(missing) - failed,
            failed=failed,
            seconds=time.perf_counter() - started,
            ids=tuple(map(run_id, cells)),
            primary=self._primary(),
        )

    def _primary(self) -> tuple[str, str] | None:
        if self.study.primary is None:
            return None
        about, against = (self._shown(name)[0] for name in self.study.primary)
        return about, against

    def _shown(self, name: str) -> list[str]:
        """What tables call an agent: one name, or one for each seed that a policy is trained with."""
        seeds = self.study.train[name].seeds if name in self.study.train else (0,)
        return [name] if len(seeds) == 1 else [f"{name}-{seed}" for seed in seeds]

    def _agents(self, name: str) -> dict[str, tuple[Strategy, str]]:
        """The strategies of an agent, by their names in tables, each with the hash that identifies it."""
        if name not in self.study.train:
            strategy = rule_or_policy(name)
            return {name: (strategy, _identity(strategy, recipes.identity(load_agent_recipe(name))))}
        named = zip(self._shown(name), self.study.train[name].seeds, strict=True)
        return {shown: self._trained(name, shown, seed) for shown, seed in named}

    def _trained(self, name: str, shown: str, seed: int) -> tuple[Strategy, str]:
        """The policy trained with one seed: from the run's folder if that very training was done before."""
        asked = self.study.train[name]
        agent, env = asked.build(), load_env_recipe(asked.env)
        folder = self.folder / "policies" / shown
        made = {
            "agent_sha256": recipes.identity(agent),
            "environment_sha256": recipes.identity(env),
            "seed": seed,
        }
        held = _held(folder)
        if held is not None and made.items() <= dict(held.card).items():
            return held, _identity(held, "")
        trainer = Trainer(
            agent=agent,
            env=env,
            seed=seed,
            workers=self.workers,
            device=self.device,
            log=self.folder / "tensorboard" / shown,
            bars=self.bars,
        )
        policy = trainer.train(shown)
        save_policy(policy, folder)
        return policy, _identity(policy, "")

    def _cells(self, name: str, agent: tuple[Strategy, str]) -> list[dict[str, Any]]:
        study = self.study
        starts = range(0, study.seeds, study.block)
        blocks = [list(range(start, min(start + study.block, study.seeds))) for start in starts]
        return [
            {
                "data_set": data,
                "fingerprint": load_data_set(data).fingerprint,
                "agent": name,
                "agent_identity": agent[1],
                "learner": {"kind": learner.kind, **learner.settings},
                "labels": study.labels,
                "batch": batch,
                "seeds": block,
                "split": study.split.model_dump(),
            }
            for data in study.data
            for learner in study.learners
            for batch in study.batches
            for block in blocks
        ]

    def _describe(self, cells: list[dict[str, Any]]) -> None:
        study = self.study
        policies = [
            f"{name}: {each.agent} on {each.env}, seeds {list(each.seeds)}" for name, each in study.train.items()
        ]
        content = {
            "title": study.title,
            "hypothesis": study.hypothesis,
            "command": self.command,
            "cells": cells,
            "primary": self._primary(),
            "settings": {
                "data sets": ", ".join(study.data),
                "labels": study.labels,
                "batch": ", ".join(map(str, study.batches)),
                "paired seeds": study.seeds,
                "learners": ", ".join(_learner_name(learner.kind, learner.settings) for learner in study.learners),
                "trained policies": "; ".join(policies) or "none",
                "recipe sha256": recipes.identity(study),
            },
        }
        (self.folder / STUDY).write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")

    def _play(self, store: Store, cells: list[dict[str, Any]], agents: Mapping[str, tuple[Strategy, str]]) -> int:
        bar = self.bars.bar("play, data sets x strategies", len(cells))
        workers = self.workers if self.workers is not None else min(8, os.cpu_count() or 1)
        workers = workers if self.device == "cpu" else 1
        ordered = sorted(cells, key=_longest_first)
        jobs = (joblib.delayed(play_cell)(cell, agents[cell["agent"]][0], self.device) for cell in ordered)
        failed = 0
        for cell, curves, error, seconds in joblib.Parallel(n_jobs=workers, return_as="generator_unordered")(jobs):
            if curves is None:
                store.fail(cell, error)
                failed += 1
            else:
                store.add(cell, curves, seconds)
            bar.advance(note=f"{cell['data_set']}, {cell['agent']}")
        bar.done()
        return failed


def play_cell(
    cell: dict[str, Any], strategy: Strategy, device: str = "cpu"
) -> tuple[dict[str, Any], Curves | None, str, float]:
    """A cell's curves, or the traceback of what went wrong: a function of the cell and the strategy it names alone."""
    started = time.perf_counter()
    settings = dict(cell["learner"])
    kind = settings.pop("kind")
    try:
        with one_thread():
            curves = simulate(
                cell["data_set"],
                strategy,
                learner=make_learner(kind, **settings),
                labels=cell["labels"],
                batch=cell["batch"],
                seeds=cell["seeds"],
                split=cell["split"],
                device=device,
            )
    except Exception:  # noqa: BLE001 - one failed cell must not end the others; its traceback is stored
        return cell, None, traceback.format_exc(), time.perf_counter() - started
    named = dataclasses.replace(curves, strategy=cell["agent"], learner=_learner_name(kind, settings))
    return cell, named, "", time.perf_counter() - started


def _learner_name(kind: str, settings: Mapping[str, Any]) -> str:
    """Tells apart the learners of a study, such as two classifiers of scikit-learn.

    >>> _learner_name("scikit-learn", {"estimator": "sklearn.svm:SVC", "params": {"C": 2.0}})
    "scikit-learn (estimator = sklearn.svm:SVC, params = {'C': 2.0})"
    """
    listed = ", ".join(f"{key} = {value}" for key, value in sorted(settings.items()))
    return f"{kind} ({listed})" if listed else kind


def _held(folder: Path) -> Policy | None:
    """The policy that an earlier run left in the folder, None if there is none that can be used."""
    try:
        return load_policy(folder.resolve())
    except PolicyFileError:
        return None


def _longest_first(cell: Mapping[str, Any]) -> int:
    data = load_data_set(cell["data_set"])
    return -data.n_records * data.n_features * data.n_classes


def _identity(strategy: Strategy, recipe: str) -> str:
    """What a strategy is: its recipe's hash, or for a policy that of its weights."""
    if not isinstance(strategy, Policy):
        return recipe
    return strategy.fingerprint
