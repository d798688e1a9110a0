"""No label is lost and none doubled: kills, two writers, a full disk, a log that was cut.

``ALRL_KILLS=30`` kills thirty times instead of a few.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from alrl.errors import InvalidQueryError, ProjectError
from alrl.projects import Project
from tests.forking import forking
from tests.projects.conftest import Clock, table, truth

KILLS = int(os.environ.get("ALRL_KILLS", "5"))
Make = Callable[..., Project]


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    """A process that forks one that answers for each line."""
    with forking(Path(__file__).with_name("answering.py")) as process:
        yield process


def read(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return server.stdout.readline().strip()


def begin(server: subprocess.Popen[str], folder: Path, annotator: str, most: int = 0) -> int:
    assert server.stdin is not None
    server.stdin.write(f"{folder} {annotator} {most}\n")
    server.stdin.flush()
    return int(read(server))


def taken(folder: Path, annotator: str) -> list[str]:
    file = folder / f"taken-{annotator}"
    return file.read_text(encoding="utf-8").split() if file.is_file() else []


def answers(folder: Path) -> Counter[tuple[str, str]]:
    """Return how often each annotator's answer to each record is in the log, read as SQLite has it."""
    with closing(sqlite3.connect(folder / "log.sqlite", timeout=60)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        read = (
            "SELECT json_extract(body, '$.id'), json_extract(body, '$.annotator') FROM events WHERE kind = 'answered'"
        )
        return Counter(database.execute(read).fetchall())


def test_a_kill_at_any_moment_loses_no_answer_that_was_taken(
    make: Make, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    moments = random.Random(5)  # noqa: S311 - chance, not secrets
    folder = make(pool=table(100)).folder
    killed, number = 0, 0
    while killed < KILLS:
        annotator = f"ann{number}"
        child = begin(server, folder, annotator)
        time.sleep(moments.uniform(0.05, 0.8))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        ended = int(read(server))
        killed += ended == -signal.SIGKILL
        present = answers(folder)
        assert max(present.values(), default=1) == 1
        lost = [record for record in taken(folder, annotator) if (record, annotator) not in present]
        assert lost == []
        number += 1
    # The last one goes on where it was killed, and no answer is there twice.
    begin(server, folder, f"ann{number - 1}")
    assert int(read(server)) == 0
    present = answers(folder)
    assert max(present.values()) == 1
    assert sum(who == f"ann{number - 1}" for _, who in present) == 100
    assert len(Project(folder).state.labels) == 100


def test_two_writers_at_once_lose_and_double_nothing(make: Make, server: subprocess.Popen[str]) -> None:
    folder = make(pool=table(120)).folder
    begin(server, folder, "ann+")
    begin(server, folder, "bob")
    assert int(read(server)) == 0
    deadline = time.monotonic() + 60
    while len(taken(folder, "ann+")) < 120 and time.monotonic() < deadline:
        time.sleep(0.05)
    present = answers(folder)
    assert len(present) == 240
    assert set(present.values()) == {1}
    numbers = [event.number for event in Project(folder).events()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_full_disk_is_told_and_what_was_taken_stays(
    make: Make, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    folder = make(pool=table(500)).folder
    begin(server, folder, "ann", most=34_000)
    assert int(read(server)) == 7
    assert "log.sqlite" in (folder / "refused").read_text(encoding="utf-8")
    before = taken(folder, "ann")
    assert 0 < len(before) < 500
    assert {record for record, _ in answers(folder)} >= set(before)
    begin(server, folder, "ann")
    assert int(read(server)) == 0
    assert set(answers(folder).values()) == {1}
    assert len(Project(folder).state.labels) == 500


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of half a megabyte; None where this user may not mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mount, unmount = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)], capture_output=True, check=False
    )
    yield place if mounted.returncode == 0 else None
    if mounted.returncode == 0:
        subprocess.run([unmount, str(place)], check=True)


def test_a_disk_that_fills_up_takes_answers_again_when_there_is_room(make: Make, small_disk: Path | None) -> None:
    made = make(pool=table(300))
    if small_disk is None:
        # Without the right to mount, a full disk is what the test before this one stands for.
        assert made.state.number
        return
    folder = small_disk / "churn"
    shutil.copytree(made.folder, folder)
    (filler := small_disk / "filler").write_bytes(b"0" * (small_disk_free(small_disk) - 60_000))
    project, count = Project(folder), 0
    everything = list(truth(table(300), [f"c{place}" for place in range(300)]).items())
    with suppress(ProjectError):
        for record, label in everything:
            project.tell({record: label}, annotator="ann")
            count += 1
    assert 0 < count < 300
    filler.unlink()
    assert len(Project(folder).state.labels) == count
    assert project.tell(dict(everything), annotator="ann").new == 300 - count
    assert len(project.state.labels) == 300


def small_disk_free(place: Path) -> int:
    room = os.statvfs(place)
    return room.f_bavail * room.f_frsize


def test_a_log_cut_at_any_place_is_whole_up_to_there_and_takes_the_rest_again(make: Make, tmp_path: Path) -> None:
    project = make(pool=table(30))
    everything = truth(table(30), [f"c{place}" for place in range(30)])
    with closing(sqlite3.connect(project.folder / "log.sqlite")) as reader:
        # An open reader keeps the last writes in the file beside the log, which is what a crash leaves.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        for record, label in everything.items():
            project.tell({record: label}, annotator="ann")
        names = ("log.sqlite", "log.sqlite-wal")
        whole = {name: (project.folder / name).read_bytes() for name in names}
    size, seen = len(whole["log.sqlite-wal"]), set()
    for number, length in enumerate(
        [0, 100, size // 7, size // 3, size // 2, 3 * size // 4, size - 3_000, size - 1, size]
    ):
        folder = tmp_path / f"cut{number}"
        shutil.copytree(project.folder, folder)
        (folder / "log.sqlite").write_bytes(whole["log.sqlite"])
        (folder / "log.sqlite-wal").write_bytes(whole["log.sqlite-wal"][:length])
        cut = Project(folder)
        left = len(cut.state.labels)
        seen.add(left)
        assert list(cut.state.labels.items()) == list(everything.items())[:left]
        assert cut.tell(everything, annotator="ann").new == 30 - left
        assert set(answers(folder).values()) == {1}
        assert len(answers(folder)) == 30
    assert {0, 30} <= seen
    assert len(seen) > 4


def test_a_damaged_log_is_named_and_never_taken_for_an_empty_one(make: Make) -> None:
    project = make()
    project.tell({"c1": "yes"}, annotator="ann")
    file = project.folder / "log.sqlite"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(ProjectError, match="damaged"):
        Project(project.folder).events()
    file.write_bytes(b"a file of another kind" * 100)
    with pytest.raises(ProjectError, match="damaged"):
        Project(project.folder)


def test_events_cannot_be_changed_or_removed(make: Make, clock: Clock) -> None:
    project = make()
    with closing(sqlite3.connect(project.folder / "log.sqlite")) as database:
        for change in ("UPDATE events SET body = '{}'", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="events are never"):
                database.execute(change)


def test_a_clock_that_jumps_back_and_forth_loses_and_doubles_no_label(make: Make, clock: Clock) -> None:
    moments = random.Random(11)  # noqa: S311 - chance, not secrets
    folder = make(pool=table(40), lease_days=1.0).folder
    everything = truth(table(40), [f"c{place}" for place in range(40)])
    # Two machines whose clocks disagree, and are set by days at any time.
    clocks = {"ann": Clock(), "bob": Clock()}
    projects = {annotator: Project(folder, clock=own) for annotator, own in clocks.items()}
    for _ in range(30):
        annotator = moments.choice(("ann", "bob"))
        clocks[annotator].now = clock.now + moments.uniform(-5, 5) * 86_400
        with suppress(InvalidQueryError):
            batch = [str(each) for each in projects[annotator].ask(2, annotator=annotator)["customer"]]
            projects[annotator].tell({record: everything[record] for record in batch}, annotator=annotator)
        for own, project in projects.items():
            project.tell({record: everything[record] for record in taken_by(project, own)}, annotator=own)
    assert set(answers(folder).values()) == {1}
    whole = Project(folder, clock=clock)
    assert whole.state.labels == {record: everything[record] for record in whole.state.labels}
    assert len(whole.state.labels) == 40
    assert [event.number for event in whole.events()] == list(range(1, whole.state.number + 1))
    assert whole.state == projects["ann"].state == projects["bob"].state
    assert whole.at(whole.state.at).labels == whole.state.labels


def taken_by(project: Project, annotator: str) -> list[str]:
    """Return the records that this annotator has answered: telling them again has to write nothing."""
    return [record for record, given in project.state.given.items() if annotator in given]
