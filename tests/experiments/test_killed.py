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
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from alrl.experiments.runner import Runner
from alrl.experiments.store import Store, run_id
from alrl.experiments.study import StudyRecipe
from alrl.recipes import parse
from tests.experiments.small_study import STUDY

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("ALRL_KILLS", "6"))
CELLS = 48
ARRAYS = ("seeds", "accuracy", "balanced_accuracy")


def driver(folder: Path, workers: int) -> subprocess.Popen[str]:
    """A driver that has imported what it needs and waits for a line to begin."""
    command = [sys.executable, str(Path(__file__).with_name("small_study.py")), str(folder), str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def rows(folder: Path) -> dict[str, tuple[bytes, ...]]:
    """What the store holds of each finished cell, read as SQLite has it, to the byte."""
    if not (folder / "results.sqlite").is_file():
        return {}
    with sqlite3.connect(folder / "results.sqlite", timeout=30) as database:
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


def kill_driver(process: subprocess.Popen[str]) -> None:
    process.kill()


def kill_worker(process: subprocess.Popen[str]) -> None:
    """One of the driver's worker processes, if there is one yet; the driver is to go on by itself."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    workers = [int(pid) for pid in children if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    if workers:
        os.kill(random.Random(process.pid).choice(workers), signal.SIGKILL)  # noqa: S311


def disturb(folder: Path, workers: int, kill: Callable[[subprocess.Popen[str]], None], delay: float) -> None:
    """One attempt, disturbed after ``delay`` seconds; what was finished before it is finished after it."""
    before = rows(folder)
    process = driver(folder, workers)
    begin(process)
    time.sleep(delay)
    if process.poll() is None:
        kill(process)
    assert process.stdout is not None
    process.stdout.read()
    process.wait(timeout=120)
    if kill is kill_worker:
        assert process.returncode == 0
    after = rows(folder)
    assert before.items() <= after.items()


def test_a_killed_driver_loses_and_doubles_nothing(undisturbed: tuple[bytes, float], tmp_path: Path) -> None:
    expected, seconds = undisturbed
    moments = random.Random(6)  # noqa: S311 - chance, not secrets
    for number in range(KILLS):
        if len(rows(tmp_path)) == CELLS:
            # All is played: the kills that are left fall on a study that begins anew.
            assert table(tmp_path) == expected
            for path in tmp_path.iterdir():
                path.unlink()
        disturb(tmp_path, 1, kill_driver, moments.uniform(0.05, 0.6 if number % 2 else 1.0) * seconds)
    last = driver(tmp_path, 1)
    begin(last)
    assert last.stdout is not None
    cells, played, failed = map(int, last.stdout.read().split())
    assert (cells, failed) == (CELLS, 0)
    assert played <= CELLS
    assert table(tmp_path) == expected
    assert len(rows(tmp_path)) == CELLS


def test_a_killed_worker_is_replaced_and_the_table_is_the_same(
    undisturbed: tuple[bytes, float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    moments = random.Random(7)  # noqa: S311 - chance, not secrets
    for number in range(max(1, KILLS // 6)):
        folder = tmp_path / str(number)
        # Workers take a while to start: kill one as soon as there is something to lose.
        disturb(folder, 2, kill_worker, 3 + moments.uniform(0, 1) * seconds)
        assert table(folder) == expected
