"""The same study gives the same table on every engine; a worker that is lost takes no result with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from joblib.externals.loky import get_reusable_executor

from alrl.errors import AlrlError
from alrl.recipes import parse
from alrl.strategies import make_strategy
from alrl.studies.cell import Cell
from alrl.studies.executors import executors, loky, make_executor, slurm
from alrl.studies.runner import Ran, Runner
from alrl.studies.store.store import Store
from alrl.studies.study import StudyRecipe

STUDY: dict[str, Any] = {
    "title": "t", "data": ["iris", "wine"], "agents": ["margin", "random"], "labels": 4, "seeds": 4, "block": 2
}  # fmt: skip


def run(folder: Path, **settings: Any) -> Ran:
    return Runner(study=parse(StudyRecipe, STUDY, where="test"), folder=folder, **settings).run()


def table(folder: Path, ran: Ran) -> bytes:
    with Store(folder / "results.sqlite", read_only=True) as store:
        return store.export_csv(folder / "curves.csv", ran.ids).read_bytes()


ENGINES: dict[str, Mapping[str, Any]] = {
    "dask": {"executor": "dask", "workers": 2},
    "slurm": {"executor": "slurm", "workers": 2, "address": "local"},
    "ray": {"executor": "ray", "workers": 2},
}
# Ray weighs 80 MB and is no part of the extra `test`: its extra is what runs it.
NEEDS_RAY = pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray: pip install 'alrl[ray]'")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table as this process makes it by itself."""
    folder = tmp_path_factory.mktemp("alone")
    return table(folder, run(folder, workers=1))


@pytest.mark.parametrize("engine", ["dask", "slurm", pytest.param("ray", marks=NEEDS_RAY)])
# What an engine leaves open when its processes end is its own affair.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_every_engine_gives_the_same_table(
    engine: str, alone: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A job each, for each takes seconds to start.
    monkeypatch.setattr("alrl.studies.executors.slurm._SHARE", 1)
    ran = run(tmp_path, **ENGINES[engine])
    assert (ran.cells, ran.played, ran.failed) == (8, 8, 0)
    assert table(tmp_path, ran) == alone
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        cells = store.cells()
    assert len(cells) == 8
    assert all(cell.seconds and cell.cpu_seconds and cell.peak_bytes for cell in cells)
    assert {pool["num_threads"] for cell in cells for pool in cell.provenance["blas"]} == {1}


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are started from here find ``deadly``; none that was started before is left."""
    here = Path(__file__).parent
    monkeypatch.syspath_prepend(here)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(here.parents[2])]))
    get_reusable_executor(max_workers=1).shutdown(wait=True)


def cells(times: int, marks: Path) -> list[Cell]:
    from deadly import Deadly  # type: ignore[import-not-found]

    marks.mkdir(exist_ok=True)
    base = {"data_set": "iris", "learner": {"kind": "ridge"}, "labels": 2, "batch": 1, "split": {"pool": 0.5}}
    specs = [{**base, "agent": "margin", "seeds": [seed]} for seed in range(3)]
    agent = make_strategy("margin")
    return [
        Deadly(spec=specs[0], agent=agent, marks=marks, times=times),
        *(Cell(spec=s, agent=agent) for s in specs[1:]),
    ]


def test_a_cell_that_ends_its_worker_each_time_is_given_up_and_the_others_are_not(
    importable: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each pool takes seconds to start: fewer attempts show the same.
    monkeypatch.setattr(loky, "_BREAKS", 1)
    monkeypatch.setattr(loky, "_ALONE", 1)
    outcomes = list(make_executor("loky", workers=2).outcomes(cells(99, tmp_path / "marks")))
    lost = [outcome for outcome in outcomes if outcome.curves is None]
    assert sorted(outcome.spec["seeds"][0] for outcome in outcomes) == [0, 1, 2]
    assert [outcome.spec["seeds"] for outcome in lost] == [[0]]
    assert "The worker process ended while it played this cell" in lost[0].traceback
    assert len(list((tmp_path / "marks").iterdir())) == 2


def test_an_engine_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, engine in executors().items():
        if engine.extra is None:
            continue
        monkeypatch.setattr(engine, "needs", ("no_such_module",))
        with pytest.raises(AlrlError, match=rf"executor '{name}' needs no_such_module.*pip install 'alrl\[{name}\]'"):
            make_executor(name)


def test_a_scheduler_that_does_not_answer_is_told(
    importable: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("alrl.studies.executors.dask._WAIT", 1)
    with pytest.raises(AlrlError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        list(make_executor("dask", address="tcp://127.0.0.1:9").outcomes(cells(0, tmp_path / "marks")))
    with pytest.raises(AlrlError, match="runs its jobs here with --address local"):
        list(make_executor("slurm", address="far").outcomes(cells(0, tmp_path / "marks")))


class Died:
    """What submitit hands out for a job that ended without an answer."""

    job_id = "7"

    def exception(self) -> Exception:
        return RuntimeError("no result was written")

    def stderr(self) -> str:
        return "slurmstepd: killed for memory"


def test_a_slurm_job_that_dies_fails_its_cells_with_what_it_said(importable: None, tmp_path: Path) -> None:
    group = cells(0, tmp_path / "marks")
    outcomes = list(slurm._results(Died(), group))
    assert [outcome.spec for outcome in outcomes] == [cell.spec for cell in group]
    for outcome in outcomes:
        assert outcome.curves is None
        assert "Slurm job 7 ended without an answer" in outcome.traceback
        assert "killed for memory" in outcome.traceback
