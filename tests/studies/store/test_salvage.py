"""A damaged results file: every cell is examined by itself, and what is sound is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from alrl.evaluation.curves import Curves
from alrl.studies.store import RESULTS, Store, StoreError
from alrl.studies.store.salvage import examine, repair


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
