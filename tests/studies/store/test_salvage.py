"""A damaged results file: every cell is examined by itself, and what is sound is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from alrl.evaluation.curves import Curves
from alrl.studies.store import RESULTS, Store, StoreError
from alrl.studies.store.repair import repair
from alrl.studies.store.salvage import examine


def curves(strategy: str) -> Curves:
    values = np.random.default_rng(0).random((20, 61))
    picks = np.zeros((20, 60), dtype=np.int64)
    return Curves(
        data_set="iris", strategy=strategy, learner="l", batch=1, seeds=tuple(range(20)),
        accuracy=values, balanced_accuracy=values, picks=picks, first=np.full(20, 3),
    )  # fmt: skip


def store_of(folder: Path, cells: int = 12) -> Path:
    with Store(folder / RESULTS) as store:
        store.keep_agent("identity", "margin", {"kind": "rule", "strategy": "margin"})
        for place in range(cells):
            store.add({"agent": f"a{place}", "data_set": "iris", "place": place}, curves(f"a{place}"), 1.0, code={})
    return folder / RESULTS


def test_every_flipped_bit_of_a_result_is_found_and_the_cell_is_named(tmp_path: Path) -> None:
    path = store_of(tmp_path, cells=1)
    whole = path.read_bytes()
    start = whole.index(b"\x93NUMPY")
    for place in np.random.default_rng(1).integers(start, start + 9000, 150).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        try:
            with Store(path, read_only=True) as store:
                read = store.curves()
        except StoreError:
            continue
        # The bit lay in what belongs to no cell: an unused part of a page.
        assert np.array_equal(read[0].accuracy, curves("a0").accuracy)


def test_repair_keeps_the_sound_cells_and_the_damaged_file(tmp_path: Path) -> None:
    path = store_of(tmp_path)
    database = sqlite3.connect(path)
    database.execute(
        "UPDATE curves SET accuracy = CAST(substr(balanced_accuracy, 1, 900) AS BLOB) WHERE strategy = 'a3'"
    )
    database.execute("UPDATE cells SET spec = replace(spec, '7', '8') WHERE spec LIKE '%\"a7\"%'")
    database.commit()
    database.close()
    statuses = [each.status for each in examine(path)]
    assert statuses.count("damaged") == 2
    result = repair(tmp_path)
    assert result.kept == 10
    assert sorted(each.name.partition(" ")[2] for each in result.dropped) == ["a3 on iris", "a8 on iris"]
    assert result.damaged == tmp_path / "results.damaged.sqlite"
    with Store(path, read_only=True) as store:
        kept = {each.strategy: each for each in store.curves()}
        assert store.agent("identity") is not None
    assert sorted(kept) == sorted({f"a{place}" for place in range(12)} - {"a3", "a7"})
    assert np.array_equal(kept["a5"].accuracy, curves("a5").accuracy)
    assert repair(tmp_path).damaged is None


def test_repair_reads_around_pages_that_are_no_longer_pages(tmp_path: Path) -> None:
    path = store_of(tmp_path)
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    # Overflow pages hold the arrays: one of them is blanked out.
    middle = len(content) // page // 2 * page
    content[middle : middle + page] = bytes(page)
    path.write_bytes(content)
    result = repair(tmp_path)
    assert result.kept >= 10
    with Store(path, read_only=True) as store:
        assert all(np.array_equal(each.accuracy, curves(each.strategy).accuracy) for each in store.curves())


@pytest.mark.parametrize("seed", range(4))
def test_whatever_bytes_are_flipped_repair_ends_with_the_sound_cells(tmp_path: Path, seed: int) -> None:
    path = store_of(tmp_path, cells=30)
    content = bytearray(path.read_bytes())
    for place in np.random.default_rng(seed).choice(np.arange(4096, len(content)), 60, replace=False).tolist():
        content[place] ^= 255
    path.write_bytes(content)
    sound = {each.id for each in examine(path) if each.status == "sound"}
    result = repair(tmp_path)
    assert result.kept + len(result.dropped) <= 30
    assert not list(tmp_path.glob("results.repaired*"))
    assert {each.id for each in examine(path) if each.status == "sound"} == sound
    assert not [each for each in examine(path) if each.status == "damaged"]


def test_a_status_that_there_is_not_is_damage_and_stops_no_repair(tmp_path: Path) -> None:
    path = store_of(tmp_path, cells=3)
    changed(path, "UPDATE cells SET status = 'finish\u00e9d' WHERE spec LIKE '%\"a1\"%'")
    result = repair(tmp_path)
    assert [each.fault for each in result.dropped] == ["its status is neither finished nor failed"]
    assert result.kept == 2
    assert len(list(examine(path))) == 2


def test_a_row_that_the_new_store_refuses_is_dropped_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = store_of(tmp_path, cells=3)
    changed(path, "UPDATE sqlite_schema SET sql = replace(sql, 'added TEXT NOT NULL', 'added TEXT')")
    changed(path, "UPDATE cells SET added = NULL WHERE spec LIKE '%\"a1\"%'")
    result = repair(tmp_path)
    assert result.kept == 2
    (dropped,) = result.dropped
    assert dropped.name.endswith(" a1 on iris")
    assert dropped.fault == "what it holds cannot be stored: NOT NULL constraint failed: cells.added"


def test_a_repair_that_fails_leaves_no_part_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store_of(tmp_path, cells=3)
    changed(path, "UPDATE cells SET status = 'lost' WHERE spec LIKE '%\"a1\"%'")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("alrl.studies.store.repair._insert", full)
    with pytest.raises(StoreError, match="cannot grow"):
        repair(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir() if "-" not in each.name) == ["results.sqlite"]


def test_a_row_is_one_cell_whatever_the_index_calls_it(tmp_path: Path) -> None:
    path = store_of(tmp_path, cells=3)
    key = next(examine(path)).id.encode()
    content = path.read_bytes()
    places = [place for place in range(len(content)) if content.startswith(key, place)]
    for place in places[:2]:
        # In the table of cells or in its index: the other says what it was.
        damaged = bytearray(content)
        damaged[place + 5] ^= 255
        path.write_bytes(damaged)
        assert [each.status for each in examine(path)] == ["sound"] * 3


@pytest.mark.parametrize(("left", "kept"), [(0.9, 20), (0.5, 8)])
def test_of_a_file_that_was_cut_off_what_is_left_is_kept(tmp_path: Path, left: float, kept: int) -> None:
    path = store_of(tmp_path, cells=30)
    size = int(path.stat().st_size * left)
    with path.open("r+b") as file:
        file.truncate(size)
    # How many pages of a cell lie before the cut is up to SQLite.
    found = repair(tmp_path).kept
    assert found >= kept
    assert [each.status for each in examine(path)] == ["sound"] * found
    assert (tmp_path / "results.damaged.sqlite").stat().st_size == size


def test_an_empty_file_is_called_so(tmp_path: Path) -> None:
    (tmp_path / RESULTS).touch()
    for read in (lambda path: Store(path, read_only=True), lambda path: list(examine(path))):
        with pytest.raises(StoreError, match=r"results\.sqlite is empty: restore it from a copy, or delete it and run"):
            read(tmp_path / RESULTS)


def test_a_damaged_name_says_nothing_to_a_terminal(tmp_path: Path) -> None:
    with Store(tmp_path / RESULTS) as store:
        store.add({"agent": "a\x1b[2J", "data_set": "b\nc"}, curves("a"), 1.0)
    (cell,) = examine(tmp_path / RESULTS)
    assert cell.name.endswith(" a\ufffd[2J on b\ufffdc")


def changed(path: Path, statement: str) -> None:
    """Change a store past what its schema checks."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA ignore_check_constraints = ON")
    database.execute("PRAGMA writable_schema = ON")
    database.execute(statement)
    database.commit()
    database.close()


def test_what_can_no_longer_be_opened_says_what_is_left_to_do(tmp_path: Path) -> None:
    path = store_of(tmp_path, cells=1)
    path.write_bytes(b"no database at all" + path.read_bytes()[18:])
    with pytest.raises(StoreError, match=r"no cell can be saved by alrl: restore .* \.recover"):
        list(examine(path))


def test_cells_stored_before_there_were_checksums_are_whole_and_unchecked(tmp_path: Path) -> None:
    path = store_of(tmp_path, cells=2)
    database = sqlite3.connect(path)
    database.execute("ALTER TABLE cells DROP COLUMN code")
    database.execute("ALTER TABLE cells DROP COLUMN checksum")
    database.execute("ALTER TABLE cells DROP COLUMN facts_checksum")
    database.execute("PRAGMA user_version = 5")
    database.commit()
    database.close()
    assert [each.status for each in examine(path)] == ["unchecked", "unchecked"]
    with Store(path) as store:
        assert store.codes() == dict.fromkeys(store.finished())
        assert len(store.curves()) == 2
