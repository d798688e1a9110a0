"""The same study gives the same table on every engine; a worker that is lost takes no result with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from alrl.errors import AlrlError
from alrl.experiments.cell import Job, Outcome
from alrl.experiments.executors import executors, make_executor
from alrl.experiments.executors.base import Executor
from alrl.experiments.runner import Ran, Runner
from alrl.experiments.store import Store
from alrl.experiments.study import StudyRecipe
from alrl.recipes import parse
from alrl.strategies import make_strategy

STUDY: dict[str, Any] = {
    "title": "t", "data": ["iris", "wine"], "agents": ["margin", "random"], "labels": 4, "seeds": 4, "block": 2
}  # fmt: skip


def run(folder: Path, **settings: Any) -> Ran:
    return Runner(study=parse(StudyRecipe, STUDY, where="test"), folder=folder, **settings).run()


def table(folder: Path, ran: Ran) -> bytes:
    with Store(folder / "results.sqlite", read_only=True) as store:
        return store.export_csv(folder / "curves.csv", ran.ids).read_bytes()


ENGINES: dict[str, Mapping[str, Any]] = {
    "loky": {"executor": "loky", "workers": 2},
    "dask": {"executor": "dask", "workers": 2},
    "slurm": {"executor": "slurm", "workers": 2, "address": "local"},
}
if find_spec("ray") is not None:
    ENGINES["ray"] = {"executor": "ray", "workers": 2}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table as this process makes it by itself."""
    folder = tmp_path_factory.mktemp("alone")
    return table(folder, run(folder, workers=1))


@pytest.mark.parametrize("engine", ENGINES)
# What an engine leaves open when its processes end is its own affair.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_every_engine_gives_the_same_table(engine: str, alone: bytes, tmp_path: Path) -> None:
    ran = run(tmp_path, **ENGINES[engine])
    assert (ran.cells, ran.played, ran.failed) == (8, 8, 0)
    assert table(tmp_path, ran) == alone
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        cells = store.cells()
    assert len(cells) == 8
    assert all(cell.seconds and cell.cpu_seconds and cell.peak_bytes for cell in cells)
    assert {pool["num_threads"] for cell in cells for pool in cell.provenance["blas"]} == {1}


@dataclass(frozen=True, kw_only=True, eq=False)
class Dying(Job):
    """Ends its worker, until a file says that it did so often enough."""

    marks: Path
    times: int

    def __call__(self) -> Outcome:
        if len(list(self.marks.iterdir())) < self.times:
            (self.marks / f"{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__()


def jobs(times: int, marks: Path) -> list[Job]:
    base = {"data_set": "iris", "learner": {"kind": "ridge"}, "labels": 2, "batch": 1, "split": {"pool": 0.5}}
    specs = [{**base, "agent": "margin", "seeds": [seed]} for seed in range(3)]
    agent = make_strategy("margin")
    return [Dying(spec=specs[0], agent=agent, marks=marks, times=times), *(Job(spec=s, agent=agent) for s in specs[1:])]


@pytest.mark.parametrize(("times", "answered"), [(1, 3), (99, 2)])
def test_a_killed_worker_costs_no_other_cell_and_a_deadly_cell_is_given_up(
    times: int, answered: int, tmp_path: Path
) -> None:
    outcomes = list(make_executor("loky", workers=2).outcomes(jobs(times, tmp_path)))
    assert sorted(outcome.spec["seeds"][0] for outcome in outcomes) == [0, 1, 2]
    assert sum(outcome.curves is not None for outcome in outcomes) == answered
    lost = [outcome.traceback for outcome in outcomes if outcome.curves is None]
    assert all("The worker process ended while it played this cell" in text for text in lost)


def test_an_engine_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, engine in executors().items():
        if engine.extra is None:
            continue
        monkeypatch.setattr(engine, "needs", ("no_such_module",))
        with pytest.raises(AlrlError, match=rf"executor '{name}' needs no_such_module.*pip install 'alrl\[{name}\]'"):
            make_executor(name)


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("alrl.experiments.executors.dask._WAIT", 1)
    with pytest.raises(AlrlError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        list(make_executor("dask", address="tcp://127.0.0.1:9").outcomes(jobs(0, tmp_path)))
    with pytest.raises(AlrlError, match="try --address local"):
        list(make_executor("slurm", address="far").outcomes(jobs(0, tmp_path)))


def test_a_slurm_job_that_dies_fails_its_cells_alone(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    engine: Executor = make_executor("slurm", workers=2, address="local", folder=tmp_path)
    outcomes = list(engine.outcomes(jobs(99, marks)))
    failed = [outcome for outcome in outcomes if outcome.curves is None]
    assert (len(outcomes), len(failed)) == (3, 1)
    assert "ended without an answer" in failed[0].traceback
