"""The results file: nothing lost, nothing doubled, clear errors."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alrl.evaluation.curves import Curves
from alrl.studies.store.rows import to_npy
from alrl.studies.store.store import SCHEMA_VERSION, Store, StoreError, run_id

ARRAYS = ("accuracy", "balanced_accuracy", "picks", "first")


def spec(place: int) -> dict[str, object]:
    return {"place": place, "data_set": "vehicle"}


def test_the_condition_comes_from_the_cell_wherever_an_older_alrl_wrote_it(
    tmp_path: Path, curves: list[Curves]
) -> None:
    learner, condition = "mlp (hidden = (8, 4), C = 1)", "late, very (late)"
    under = [
        dataclasses.replace(curves[0], learner=f"{learner}, {condition}"),
        dataclasses.replace(curves[0], learner=learner, condition=condition),
    ]
    with Store(tmp_path / "results.sqlite") as store:
        for place, each in enumerate(under):
            store.add({**spec(place), "condition": condition}, each, seconds=2.0)
        assert [(each.learner, each.condition) for each in store.curves()] == [(learner, condition)] * 2


def without_code(database: sqlite3.Connection) -> None:
    """Take away what came with schema six."""
    database.execute("ALTER TABLE cells DROP COLUMN code")
    database.execute("ALTER TABLE cells DROP COLUMN checksum")
    database.execute("ALTER TABLE cells DROP COLUMN facts_checksum")


def test_what_was_added_comes_back_to_the_bit(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        for place, each in enumerate(curves):
            store.add(spec(place), each, seconds=2.0)
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        assert store.finished() == {run_id(spec(place)) for place in range(len(curves))}
        assert sum(cell.seconds or 0.0 for cell in store.cells()) == 2.0 * len(curves)
        for before, after in zip(curves, store.curves(), strict=True):
            assert (before.data_set, before.strategy, before.seeds) == (after.data_set, after.strategy, after.seeds)
            assert all(np.array_equal(getattr(before, name), getattr(after, name)) for name in ARRAYS)


def test_a_cell_added_twice_is_there_once_and_stays_as_it_was(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store.add(spec(0), curves[0], seconds=1.0)
        store.add({"data_set": "vehicle", "place": 0}, curves[1], seconds=9.0)
        assert [each.strategy for each in store.curves()] == [curves[0].strategy]
        assert sum(cell.seconds or 0.0 for cell in store.cells()) == 1.0


def test_a_failed_cell_is_not_finished_and_may_succeed_later(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store.fail(spec(0), "Traceback ...\nValueError: no")
        assert store.finished() == set()
        assert store.failures() == {run_id(spec(0)): "Traceback ...\nValueError: no"}
        store.add(spec(0), curves[0], seconds=1.0)
        store.fail(spec(0), "too late")
        assert store.failures() == {}
        assert store.finished() == {run_id(spec(0))}


def test_curves_and_provenance_of_chosen_cells_alone(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store.add(spec(0), curves[0], seconds=1.0)
        store.add(spec(1), curves[1], seconds=1.0)
        assert [each.strategy for each in store.curves({run_id(spec(1))})] == [curves[1].strategy]
        assert len(store.provenances()) == 1
        assert store.provenances(set()) == []


def test_kill_at_any_moment_loses_no_cell_that_was_reported(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    code = f"""
from alrl.studies.store.store import Store
from alrl.evaluation.curves import Curves
store = Store({str(path)!r})
curves = Curves(data_set="iris", strategy="margin", learner="l", batch=1, seeds=range(20), accuracy=[[0.5] * 200] * 20,
                balanced_accuracy=[[0.5] * 200] * 20, picks=[[0] * 199] * 20, first=[3] * 20)
for place in range(100000):
    store.add({{"place": place}}, curves, 0.1)
    print(place, flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    reported = [int(process.stdout.readline()) for _ in range(30)]
    os.kill(process.pid, signal.SIGKILL)
    reported += [int(line) for line in process.stdout.read().split()]
    process.stdout.close()
    process.wait()
    with Store(path) as store:
        finished = store.finished()
        assert {run_id({"place": place}) for place in reported} <= finished
        assert len(store.curves()) == len(finished) <= len(reported) + 1
        store.add({"place": -1}, store.curves()[0], 0.1)


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store._database.execute("DROP TABLE curves")
        with pytest.raises(StoreError, match="no such table"):
            store.add(spec(0), curves[0], seconds=1.0)
        assert store.finished() == set()


def test_the_file_syncs_fully_and_writes_ahead(tmp_path: Path) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        assert store._database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert store._database.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_blobs_are_plain_npy(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store.add(spec(0), curves[0], seconds=1.0)
        blob = store._database.execute("SELECT accuracy FROM curves").fetchone()[0]
    assert blob.startswith(b"\x93NUMPY")


def test_damaged_curves_are_named(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store.add(spec(0), curves[0], seconds=1.0)
        store._database.execute("UPDATE curves SET accuracy = x'00'")
        with pytest.raises(StoreError, match=r"holds damaged curves of cell \w{12}, random on vehicle .*alrl repair"):
            store.curves()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    Store(path).close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(StoreError, match=rf"has schema {SCHEMA_VERSION + 1}, written by a newer alrl; .* upgrade"):
        Store(path)


def test_a_file_of_someone_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be read as the header of one: " * 20)
    with pytest.raises(StoreError, match="is no SQLite file or is damaged"):
        Store(text)
    other = tmp_path / "other.sqlite"
    database = sqlite3.connect(other)
    database.execute("CREATE TABLE mine (x)")
    database.close()
    before = other.read_bytes()
    with pytest.raises(StoreError, match="is a SQLite file that alrl did not write"):
        Store(other)
    assert other.read_bytes() == before


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no folder: make it first"):
        Store(tmp_path / "no" / "results.sqlite")
    with pytest.raises(StoreError, match="does not exist: run the study first"):
        Store(tmp_path / "results.sqlite", read_only=True)


def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    # Rights do not bind root, so root tries a folder that nobody can write.
    folder = Path("/proc/self") if os.geteuid() == 0 else tmp_path
    if folder == tmp_path:
        tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match=r"cannot be written .* check the rights of .* or choose another folder"):
            Store(folder / "results.sqlite")
    finally:
        tmp_path.chmod(0o700)


def test_a_store_being_written_can_be_read(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as writer, Store(tmp_path / "results.sqlite", read_only=True) as reader:
        writer.add(spec(0), curves[0], seconds=1.0)
        assert len(reader.finished()) == 1
        with pytest.raises(StoreError, match="cannot be written"):
            reader.add(spec(1), curves[1], seconds=1.0)


def test_csv_has_one_row_a_seed_and_label_count(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store.add(spec(0), curves[0], seconds=1.0)
        path = store.export_csv(tmp_path / "curves.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10 * 13
    assert (rows[0]["labels"], rows[0]["record"]) == ("0", "")
    assert (rows[2]["labels"], rows[2]["record"]) == ("2", "1")
    assert float(rows[14]["accuracy"]) == curves[0].accuracy[1, 1]
    assert [each.name for each in tmp_path.glob("*.part")] == []


def test_what_was_wasted_comes_back_and_is_none_of_a_clean_pool(tmp_path: Path, curves: list[Curves]) -> None:
    codes = np.arange(curves[0].picks.size).reshape(curves[0].picks.shape) % 4
    dirty = dataclasses.replace(curves[0], wasted=codes)
    with Store(tmp_path / "results.sqlite") as store:
        store.add(spec(0), dirty, seconds=1.0)
        store.add(spec(1), curves[1], seconds=1.0)
        after, clean = store.curves()
        with store.export_csv(tmp_path / "curves.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    kinds = ("useful", "mislabelled", "out of domain", "duplicate")
    budget = curves[0].labels
    assert [row["wasted"] for row in rows[: budget + 1]] == ["", *(kinds[code] for code in codes[0])]
    assert {row["wasted"] for row in rows[codes.shape[0] * (budget + 1) :]} == {""}
    assert np.array_equal(after.wasted, codes)
    assert np.array_equal(after.wasted_share, (codes > 0).mean(1))
    assert clean.wasted is None
    assert clean.wasted_share is None


def test_a_file_of_schema_two_gets_room_for_what_was_wasted(tmp_path: Path, curves: list[Curves]) -> None:
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        store.add(spec(0), curves[0], seconds=1.0)
    database = sqlite3.connect(path)
    without_code(database)
    database.execute("DROP TABLE wasted")
    database.execute("DROP TABLE guarded")
    database.execute("DROP TABLE unfitted_rounds")
    database.execute("PRAGMA user_version = 2")
    database.commit()
    database.close()
    with Store(path) as store:
        assert np.array_equal(store.curves()[0].picks, curves[0].picks)
        store.add(spec(1), dataclasses.replace(curves[1], wasted=curves[1].picks * 0), seconds=1.0)
        assert not store.curves()[1].wasted.any()


def test_who_chose_comes_back_and_is_nobody_without_a_guard(tmp_path: Path, curves: list[Curves]) -> None:
    codes = np.arange(curves[0].picks.size).reshape(curves[0].picks.shape) % 2
    with Store(tmp_path / "results.sqlite") as store:
        store.add(spec(0), dataclasses.replace(curves[0], guarded=codes), seconds=1.0)
        store.add(spec(1), curves[1], seconds=1.0)
        after, plain = store.curves()
    assert np.array_equal(after.guarded, codes)
    assert np.array_equal(after.guarded_share, codes.mean(1))
    assert after.wasted is plain.guarded is plain.guarded_share is None


def test_a_file_of_schema_three_gets_room_for_who_chose(tmp_path: Path, curves: list[Curves]) -> None:
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        store.add(spec(0), curves[0], seconds=1.0)
    database = sqlite3.connect(path)
    without_code(database)
    database.execute("DROP TABLE guarded")
    database.execute("DROP TABLE unfitted_rounds")
    database.execute("PRAGMA user_version = 3")
    database.commit()
    database.close()
    with Store(path, read_only=True) as store:
        assert store.curves()[0].guarded is None
    with Store(path) as store:
        store.add(spec(1), dataclasses.replace(curves[1], guarded=curves[1].picks * 0), seconds=1.0)
        assert not store.curves()[1].guarded.any()


def test_rounds_that_were_not_fitted_come_back_and_a_file_of_schema_four_gets_room_for_them(
    tmp_path: Path, curves: list[Curves]
) -> None:
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        store.add(spec(0), curves[0], seconds=1.0)
    database = sqlite3.connect(path)
    without_code(database)
    database.execute("DROP TABLE unfitted_rounds")
    database.execute("PRAGMA user_version = 4")
    database.commit()
    database.close()
    with Store(path, read_only=True) as store:
        assert store.curves()[0].unfitted_rounds is None
    rounds = np.arange(len(curves[1].seeds))
    with Store(path) as store:
        store.add(spec(1), dataclasses.replace(curves[1], unfitted_rounds=rounds), seconds=1.0)
        assert store.curves()[1].unfitted_rounds.tolist() == rounds.tolist()


SCHEMA_1 = """
CREATE TABLE cells (
    run_id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('finished', 'failed')),
    seconds REAL,
    provenance TEXT NOT NULL,
    traceback TEXT,
    added TEXT NOT NULL
) STRICT;
CREATE TABLE curves (
    run_id TEXT PRIMARY KEY REFERENCES cells (run_id) ON DELETE CASCADE,
    data_set TEXT NOT NULL,
    strategy TEXT NOT NULL,
    learner TEXT NOT NULL,
    batch INTEGER NOT NULL,
    seeds BLOB NOT NULL,
    accuracy BLOB NOT NULL,
    balanced_accuracy BLOB NOT NULL,
    picks BLOB NOT NULL,
    first BLOB NOT NULL
) STRICT;
PRAGMA application_id = 1634497132;
PRAGMA user_version = 1;
"""


@pytest.fixture
def old(tmp_path: Path, curves: list[Curves]) -> Path:
    """A results file as the first alrl wrote it: two finished cells, one failed."""
    path = tmp_path / "results.sqlite"
    database = sqlite3.connect(path)
    database.executescript(SCHEMA_1)
    origin, later = ('{"git":null,"time":"2026-01-01"}', '{"git":null,"time":"2026-01-02"}')
    for place, (status, text) in enumerate((("finished", origin), ("failed", origin), ("finished", later))):
        key, error = run_id(spec(place)), "Traceback: no" if status == "failed" else None
        row = (key, json.dumps(spec(place)), status, None if error else 1.5, text, error, "2026-01-01T00:00:00")
        database.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if error is None:
            each = curves[place]
            arrays = (to_npy(np.asarray(getattr(each, name))) for name in ("seeds", *ARRAYS))
            values = (key, each.data_set, each.strategy, each.learner, each.batch, *arrays)
            database.execute("INSERT INTO curves VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.commit()
    database.close()
    return path


def test_a_file_of_the_first_schema_is_migrated_and_loses_nothing(old: Path, curves: list[Curves]) -> None:
    before = old.read_bytes()
    with Store(old, read_only=True) as store:
        assert store.finished() == {run_id(spec(0)), run_id(spec(2))}
    assert old.read_bytes() == before
    for _ in range(2):
        with Store(old) as store:
            assert store._database.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
            assert store._database.execute("PRAGMA foreign_key_check").fetchall() == []
            assert [cell.id for cell in store.cells()] == [run_id(spec(place)) for place in range(3)]
            assert store.failures() == {run_id(spec(1)): "Traceback: no"}
            assert sum(cell.seconds or 0.0 for cell in store.cells()) == 3.0
            assert [each["time"] for each in store.provenances()] == ["2026-01-01", "2026-01-02"]
            for wanted, result in zip((curves[0], curves[2]), store.curves(), strict=True):
                assert all(np.array_equal(getattr(wanted, name), getattr(result, name)) for name in ARRAYS)
            assert store.agent("none") is None
    with Store(old) as store:
        store.add(spec(1), curves[1], seconds=1.0)
        assert len(store.finished()) == 3


def test_a_provenance_is_kept_once_whatever_its_time(tmp_path: Path, curves: list[Curves]) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        for place, machine in enumerate("aab"):
            origin = {"cpu": machine, "time": str(place)}
            store.add(spec(place), curves[place], 1.0, cpu_seconds=0.5, peak_bytes=7, provenance=origin)
        assert store.provenances() == [{"cpu": "a", "time": "0"}, {"cpu": "b", "time": "2"}]
        assert [(cell.cpu_seconds, cell.peak_bytes) for cell in store.cells()] == [(0.5, 7)] * 3


def test_what_an_agent_is_stays_with_its_results(tmp_path: Path) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        store.keep_agent("x", "mine", {"kind": "rule", "strategy": "margin"})
        store.keep_agent("x", "mine", {"kind": "rule", "strategy": "margin"})
        assert store.agent("x") == {"kind": "rule", "strategy": "margin"}


def fill(path: Path, most: int) -> subprocess.CompletedProcess[str]:
    """Add cells until no more than ``most`` bytes may be written to a file, as on a full disk or under a quota."""
    code = f"""
import resource
from alrl.studies.store.store import Store
from alrl.evaluation.curves import Curves
store = Store({str(path)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))
curves = Curves(data_set="iris", strategy="margin", learner="l", batch=1, seeds=range(20), accuracy=[[0.5] * 200] * 20,
                balanced_accuracy=[[0.5] * 200] * 20, picks=[[0] * 199] * 20, first=[3] * 20)
for place in range(1000):
    store.add({{"place": place}}, curves, 0.1)
    print(place, flush=True)
"""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_a_full_disk_is_told_and_what_was_finished_is_kept(tmp_path: Path, curves: list[Curves]) -> None:
    path = tmp_path / "results.sqlite"
    full = fill(path, 300_000)
    assert "cannot grow, the disk is full or a quota is reached" in full.stderr
    assert "free space in" in full.stderr
    reported = {run_id({"place": int(line)}) for line in full.stdout.split()}
    assert reported
    # With room again, the same file goes on.
    with Store(path) as store:
        assert store._database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert reported <= store.finished()
        assert len(store.curves()) == len(store.finished())
        store.add(spec(0), curves[0], seconds=1.0)
