"""A run that a stranger sent: whatever its files are, no command waits for one or reads without end."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alrl import read_run
from alrl.errors import AlrlError
from alrl.recipes import parse
from alrl.reports.bundle import bundle
from alrl.reports.explain import explain
from alrl.reports.report import report
from alrl.studies.description import STUDY, RunDirectoryError, read_description
from alrl.studies.export import export_files
from alrl.studies.reproduce import reproduce
from alrl.studies.runner import Runner
from alrl.studies.store import RESULTS, StoreError
from alrl.studies.store.repair import repair
from alrl.studies.study import StudyRecipe
from alrl.studies.verify import verify

COMMANDS: dict[str, Callable[[Path], Any]] = {
    "verify": verify,
    "report": report,
    "explain": explain,
    "repair": repair,
    "reproduce": lambda run: list(reproduce(run)),
    "bundle": bundle,
    "export": lambda run: export_files(run, run / "out", "csv"),
    "read_run": read_run,
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    content = {"title": "t", "data": ["iris"], "agents": ["random"], "labels": 2, "seeds": 2}
    Runner(study=parse(StudyRecipe, content, where="here"), folder=folder, workers=1).run()
    return folder


@pytest.fixture
def run(played: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy; what waits, or reads for ever, is ended."""
    shutil.copytree(played, tmp_path / "run")
    signal.alarm(60)
    yield tmp_path / "run"
    signal.alarm(0)


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_that_is_no_regular_file_is_refused(run: Path, command: str, kind: str) -> None:
    replaced(run / RESULTS, kind)
    with pytest.raises(StoreError, match=rf"results\.sqlite is a {kind}, not a regular file: give the path of"):
        COMMANDS[command](run)


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("command", ["report", "explain", "bundle", "export", "read_run"])
def test_a_description_that_is_no_regular_file_is_refused(run: Path, command: str, kind: str) -> None:
    replaced(run / STUDY, kind)
    with pytest.raises(RunDirectoryError, match=rf"study\.json: a {kind}, not a regular file; give the directory"):
        COMMANDS[command](run)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_needs_no_description_goes_on_without_one(run: Path, kind: str) -> None:
    replaced(run / STUDY, kind)
    assert any(f"study.json: a {kind}, not a regular file" in fault for fault in verify(run).faults)
    assert [again.same for again in reproduce(run)] == [True]
    assert repair(run).kept == 1


def test_a_pipe_beside_a_store_is_refused(run: Path) -> None:
    for ending in ("-wal", "-shm"):
        (run / (RESULTS + ending)).unlink(missing_ok=True)
    os.mkfifo(run / f"{RESULTS}-journal")
    with pytest.raises(StoreError, match=r"results\.sqlite-journal is a pipe"):
        verify(run)


def test_an_earlier_report_that_is_a_pipe_is_written_anew(run: Path, undrawn: None) -> None:
    os.mkfifo(run / "report.json")
    report(run, paper=False)
    assert (run / "report.json").is_file()


def test_a_description_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / STUDY).open("wb") as file:
        file.truncate(2**28 + 1)
    with pytest.raises(RunDirectoryError, match=r"268,435,457 bytes given, at most 268,435,456 are read"):
        read_description(tmp_path)


def replaced(file: Path, kind: str) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")


def test_a_folder_without_a_description_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(AlrlError, match=r"study\.json does not exist: give the directory that `alrl run` named"):
        read_description(tmp_path)
