"""Full disks, folders that cannot be written, signals, lost workers, two drivers, poor terminals: with real limits.

What is finished is kept, the message says what to do, the exit status is the documented one, and the same command goes
on from there.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alrl.cli.exit_codes import Exit
from alrl.evaluation.curves import Curves
from alrl.studies.loading import load_study
from alrl.studies.runner import Runner
from alrl.studies.store.store import Store
from tests.forking import forking

STUDY = """title = "Füße"
data = ["iris", "wine"]
agents = ["margin", "random", "entropy"]
labels = 6
seeds = 8
block = 1
"""
CELLS = 48
AGENT = '[agent]\nkind = "trained"\n[agent.imitation]\nrounds = 50\nepisodes = 8\n'
ENV = "[data]\nsynthetic = { tiny = 40 }\n[budget]\nlabels = 20\n"


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    """A process that forks one that runs a command for each line."""
    with forking(Path(__file__).with_name("forked_commands.py")) as process:
        yield process


@dataclass
class Command:
    """A command of alrl that runs in a folder."""

    server: subprocess.Popen[str]
    folder: Path
    pid: int

    @classmethod
    def begun(cls, server: subprocess.Popen[str], folder: Path, arguments: str, **job: Any) -> Command:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps({"arguments": arguments.split(), "folder": str(folder), **job}) + "\n")
        server.stdin.flush()
        return cls(server, folder, int(server.stdout.readline()))

    def ended(self) -> tuple[int, str]:
        """Exit status and all that was written, once it has ended."""
        assert self.server.stdout is not None
        status = int(self.server.stdout.readline())
        return status, (self.folder / "output").read_text(encoding="utf-8", errors="replace")

    def wait_for_cells(self, count: int) -> None:
        while len(finished(self.folder)) < count:
            time.sleep(0.02)


def finished(folder: Path) -> set[str]:
    """The finished cells of the run in the folder, whose store is sound."""
    path = folder / "run" / "results.sqlite"
    if not path.is_file():
        return set()
    with closing(sqlite3.connect(path, timeout=30)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            return set()
        return {row[0] for row in database.execute("SELECT run_id FROM cells WHERE status = 'finished'")}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a study and a training that takes long."""
    for name, text in (("study.toml", STUDY), ("agent.toml", AGENT), ("env.toml", ENV)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


RUN = "run study.toml --out run --workers 1"


@pytest.mark.parametrize(
    ("signal_", "status", "message"),
    [
        (signal.SIGTERM, Exit.TERMINATED, "terminated: what was finished is kept"),
        (signal.SIGINT, Exit.INTERRUPTED, "interrupted: what was finished is kept"),
    ],
)
def test_a_signal_ends_a_run_which_keeps_what_is_finished(
    server: subprocess.Popen[str], place: Path, signal_: signal.Signals, status: Exit, message: str
) -> None:
    command = Command.begun(server, place, RUN)
    command.wait_for_cells(3)
    os.kill(command.pid, signal_)
    ended, output = command.ended()
    assert (ended, message in output, "Traceback" in output) == (status, True, False), output
    assert 3 <= len(finished(place)) < CELLS


def test_a_signal_to_the_whole_job_leaves_no_worker_behind(server: subprocess.Popen[str], place: Path) -> None:
    command = Command.begun(server, place, "run study.toml --out run --workers 2")
    command.wait_for_cells(1)
    os.killpg(command.pid, signal.SIGTERM)
    ended, output = command.ended()
    assert (ended, "terminated: what was finished" in output) == (Exit.TERMINATED, True), output
    for _ in range(100):
        left = [path for path in Path("/proc").glob("[0-9]*/stat") if _group(path) == command.pid]
        if not left:
            break
        time.sleep(0.1)
    assert not left


def _group(path: Path) -> int:
    try:
        state, _, group = path.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()[:3]
    except OSError:
        return -1
    return -1 if state == "Z" else int(group)


@pytest.mark.parametrize("arguments", ["train agent.toml --env env.toml --workers 1", "quickstart --workers 1"])
def test_a_signal_ends_a_training(server: subprocess.Popen[str], place: Path, arguments: str) -> None:
    command = Command.begun(server, place, arguments)
    time.sleep(2)
    os.kill(command.pid, signal.SIGTERM)
    ended, output = command.ended()
    assert (ended, "terminated: " in output, "Traceback" in output) == (Exit.TERMINATED, True, False), output


def test_a_full_disk_keeps_what_is_finished_and_the_same_command_goes_on(
    server: subprocess.Popen[str], place: Path
) -> None:
    # What is compiled at a first use is kept in files as well, which the limit must not meet: the first rounds of each
    # kind of cell are played without it.
    status, output = Command.begun(server, place, f"{RUN} --dry-run").ended()
    assert (status, f"{CELLS} cells: 0 finished" in output) == (Exit.DONE, True), output
    status, output = Command.begun(server, place, RUN, limit=130_000).ended()
    assert (status, "Traceback" in output) == (Exit.INPUT, False), output
    assert "what was finished is kept" in output
    kept = finished(place)
    assert 0 < len(kept) < CELLS
    status, output = Command.begun(server, place, f"{RUN} --dry-run").ended()
    assert (status, f"{CELLS} cells: {len(kept)} finished" in output) == (Exit.DONE, True), output


def test_a_folder_that_cannot_be_written_is_named(server: subprocess.Popen[str], place: Path) -> None:
    # Not even root makes a folder there.
    for arguments in ("run study.toml --out /proc/run", "train agent.toml --env env.toml --out /proc/policy"):
        status, output = Command.begun(server, place, arguments).ended()
        assert (status, "Traceback" in output) == (Exit.INPUT, False), output
        assert "/proc/" in output


def test_two_drivers_of_one_run_play_each_cell_once(server: subprocess.Popen[str], place: Path) -> None:
    # Without a terminal, in ASCII alone: one JSON document, and nothing lost.
    command = Command.begun(server, place, f"{RUN} --json", encoding="ascii")
    ran = Runner(study=load_study(place / "study.toml"), folder=place / "run", workers=1).run()
    status, output = command.ended()
    assert (status, "Traceback" in output, ran.failed) == (Exit.DONE, False, 0), output
    assert json.loads(output[output.index("{\n") :])["cells"] == CELLS
    assert len(finished(place)) == CELLS


def test_a_clock_that_is_set_back_changes_nothing_but_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, curves: list[Curves]
) -> None:
    from datetime import UTC, datetime

    from alrl.studies.store import store as module

    class Back(datetime):
        """1970."""

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(1970, 1, 1, tzinfo=UTC)

    with Store(tmp_path / "results.sqlite") as store:
        store.add({"data": "first", "agent": "margin"}, curves[0], seconds=1.0)
        monkeypatch.setattr(module, "datetime", Back)
        store.add({"data": "second", "agent": "margin"}, curves[1], seconds=1.0)
        assert [cell.spec["data"] for cell in store.cells()] == ["first", "second"]
        assert store.cells()[1].added.startswith("1970")
