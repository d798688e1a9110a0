"""``kill -9`` of the driver or of a worker at random moments: no finished cell lost or doubled, the same table.

``ALRL_KILLS=30`` kills thirty times instead of a few.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from alrl.recipes import parse
from alrl.studies.runner import Runner
from alrl.studies.store.store import Store, run_id
from alrl.studies.study import StudyRecipe
from tests.forking import forking
from tests.studies.small_study import STUDY

KILLS = int(os.environ.get("ALRL_KILLS", "6"))
CELLS = 48
ARRAYS = ("seeds", "accuracy", "balanced_accuracy")


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    """A process that has imported what a driver needs, and forks one for each line."""
    with forking(Path(__file__).with_name("small_study.py")) as process:
        yield process


@dataclass(frozen=True)
class Driver:
    """One driver of the server."""

    server: subprocess.Popen[str]
    pid: int

    @classmethod
    def begun(cls, server: subprocess.Popen[str], folder: Path, workers: int) -> Driver:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{workers} {folder}\n")
        server.stdin.flush()
        return cls(server, int(server.stdout.readline()))

    def ended(self) -> int:
        """Its exit status, or minus the signal that ended it, once it has ended."""
        assert self.server.stdout is not None
        return int(self.server.stdout.readline())


def rows(folder: Path) -> dict[str, tuple[bytes, ...]]:
    """What the store holds of each finished cell, read as SQLite has it, to the byte."""
    if not (folder / "results.sqlite").is_file():
        return {}
    with closing(sqlite3.connect(folder / "results.sqlite", timeout=30)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            return {}
        read = database.execute(
            f"SELECT run_id, {', '.join(ARRAYS)}, first, picks FROM cells JOIN curves USING (run_id)"  # noqa: S608
            " JOIN picks USING (run_id) WHERE status = 'finished'"
        ).fetchall()
    assert len({row[0] for row in read}) == len(read)
    return {row[0]: tuple(row[1:]) for row in read}


def table(folder: Path) -> bytes:
    cells = json.loads((folder / "study.json").read_text(encoding="utf-8"))["cells"]
    with Store(folder / "results.sqlite", read_only=True) as store:
        return store.export_csv(folder / "curves.csv", [run_id(cell) for cell in cells]).read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, float]:
    """The table of a run that nobody disturbs, and the seconds it takes."""
    folder = tmp_path_factory.mktemp("undisturbed")
    study = parse(StudyRecipe, STUDY, where="small_study.py")
    Runner(study=parse(StudyRecipe, {**STUDY, "seeds": 2}, where="small_study.py"), folder=folder, workers=1).run()
    began = time.perf_counter()
    ran = Runner(study=study, folder=folder, workers=1).run()
    assert (ran.cells, ran.failed) == (CELLS, 0)
    return table(folder), time.perf_counter() - began


def kill_worker(driver: Driver, rng: random.Random, wait: float) -> None:
    """Kill one of the driver's worker processes, ``wait`` seconds after both are there; the driver goes on."""
    children = Path(f"/proc/{driver.pid}/task/{driver.pid}/children")
    workers: list[int] = []
    while len(workers) < 2:
        time.sleep(0.05)
        pids = map(int, children.read_text(encoding="ascii").split())
        workers = [pid for pid in pids if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    time.sleep(wait)
    os.kill(rng.choice(workers), signal.SIGKILL)


def test_a_killed_driver_loses_and_doubles_nothing(
    undisturbed: tuple[bytes, float], server: subprocess.Popen[str], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    moments = random.Random(6)  # noqa: S311 - chance, not secrets
    folder, killed, number = tmp_path / "0", 0, 0
    while killed < KILLS:
        before = rows(folder)
        driver = Driver.begun(server, folder, 1)
        time.sleep(moments.uniform(0.0, 0.5) * seconds)
        with suppress(ProcessLookupError):
            os.kill(driver.pid, signal.SIGKILL)
        status = driver.ended()
        killed += status == -signal.SIGKILL
        after = rows(folder)
        assert before.items() <= after.items()
        if status == 0 or len(after) == CELLS:
            # All was played: the kills that are left fall on a study that begins anew.
            whole(server, folder, expected)
            number += 1
            folder = tmp_path / str(number)
    whole(server, folder, expected)


def whole(server: subprocess.Popen[str], folder: Path, expected: bytes) -> None:
    """Run again to the end: the table is that of a run that nobody disturbed, each cell there once."""
    assert Driver.begun(server, folder, 1).ended() == 0
    assert len(rows(folder)) == CELLS
    assert table(folder) == expected


def test_a_killed_worker_is_replaced_and_the_table_is_the_same(
    undisturbed: tuple[bytes, float], server: subprocess.Popen[str], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    moments = random.Random(7)  # noqa: S311 - chance, not secrets
    for number in range(max(1, KILLS // 6)):
        folder = tmp_path / str(number)
        driver = Driver.begun(server, folder, 2)
        # A worker takes seconds to start; then it plays for about half as long as one alone.
        kill_worker(driver, moments, moments.uniform(0, 4 + seconds / 2))
        assert driver.ended() == 0
        assert len(rows(folder)) == CELLS
        assert table(folder) == expected
