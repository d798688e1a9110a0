from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest

from alrl.data.parquet_file import npy_from_parquet
from alrl.errors import InvalidDataError, MissingPackageError


@pytest.fixture
def file(tmp_path):
    table = {
        "size": [1.5, 2.0, 3.0],
        "colour": ["red", "blue", "red"],
        "old": [True, False, True],
        "embedding": pl.Series([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=pl.Array(pl.Float32, 2)),
        "kind": ["a", "b", "a"],
    }
    pl.DataFrame(table).write_parquet(tmp_path / "own.parquet")
    return tmp_path / "own.parquet"


def test_a_pool_is_written_in_batches_as_it_stands(tmp_path):
    table = pl.DataFrame({"a": np.arange(150_000, dtype=np.float32), "b": np.arange(150_000)[::-1].copy()})
    table.write_parquet(tmp_path / "pool.parquet", row_group_size=40_000)
    written = np.load(npy_from_parquet(tmp_path / "pool.parquet", tmp_path / "pool.npy"))
    assert written.dtype == np.float32
    assert (written == table.to_numpy()).all()


def test_columns_and_precision_are_chosen(file, tmp_path):
    written = np.load(npy_from_parquet(file, tmp_path / "p.npy", columns=["embedding", "size"], dtype="float16"))
    assert written.dtype == np.float16
    assert written.tolist() == [[1.0, 2.0, 1.5], [3.0, 4.0, 2.0], [5.0, 6.0, 3.0]]


def test_lists_of_one_length_are_embeddings_and_others_are_not(tmp_path):
    pl.DataFrame({"e": [[1.0, 2.0], [3.0, 4.0]]}).write_parquet(tmp_path / "even.parquet")
    assert np.load(npy_from_parquet(tmp_path / "even.parquet", tmp_path / "e.npy")).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    pl.DataFrame({"e": [[1.0, 2.0], [3.0]]}).write_parquet(tmp_path / "odd.parquet")
    with pytest.raises(InvalidDataError, match="one length"):
        npy_from_parquet(tmp_path / "odd.parquet", tmp_path / "o.npy")


def test_a_fault_in_a_late_record_leaves_the_file_that_was_there(tmp_path):
    target = tmp_path / "p.npy"
    target.write_bytes(b"of before")
    pl.DataFrame({"e": [[1.0, 2.0]] * 70_000 + [[3.0]]}).write_parquet(tmp_path / "late.parquet")
    with pytest.raises(InvalidDataError, match="one length"):
        npy_from_parquet(tmp_path / "late.parquet", target)
    pl.DataFrame({"e": [[1.0, 2.0]] * 65_536 + [[3.0]]}).write_parquet(tmp_path / "later.parquet")
    with pytest.raises(InvalidDataError, match="2 numbers a record up to record 65536, then 1"):
        npy_from_parquet(tmp_path / "later.parquet", target)
    assert target.read_bytes() == b"of before"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("columns", [[], ["size", "size"]])
def test_columns_are_named_each_once(file, tmp_path, columns):
    with pytest.raises(InvalidDataError, match="each once"):
        npy_from_parquet(file, tmp_path / "p.npy", columns=columns)


def test_what_cannot_be_a_pool_is_named(file, tmp_path):
    with pytest.raises(InvalidDataError, match="'colour' holds String"):
        npy_from_parquet(file, tmp_path / "p.npy")
    with pytest.raises(InvalidDataError, match='did you mean "size"'):
        npy_from_parquet(file, tmp_path / "p.npy", columns=["sise"])
    pl.DataFrame({"a": [1.0, 1e6]}).write_parquet(tmp_path / "wide.parquet")
    with pytest.raises(InvalidDataError, match="1 numbers that float16 cannot hold"):
        npy_from_parquet(tmp_path / "wide.parquet", tmp_path / "p.npy", dtype="float16")
    pl.DataFrame({"a": pl.Series([], dtype=pl.Float32)}).write_parquet(tmp_path / "none.parquet")
    with pytest.raises(InvalidDataError, match="no records"):
        npy_from_parquet(tmp_path / "none.parquet", tmp_path / "p.npy")


def test_missing_values_are_refused(tmp_path):
    pl.DataFrame({"a": [1.0, None, 2.0]}).write_parquet(tmp_path / "holes.parquet")
    with pytest.raises(InvalidDataError, match=r"a \(1\)"):
        npy_from_parquet(tmp_path / "holes.parquet", tmp_path / "p.npy")


def test_files_that_are_none_are_refused(tmp_path):
    (tmp_path / "bad.parquet").write_text("no Parquet")
    with pytest.raises(InvalidDataError, match="no Parquet file"):
        npy_from_parquet(tmp_path / "bad.parquet", tmp_path / "p.npy")
    with pytest.raises(InvalidDataError, match="no file"):
        npy_from_parquet(tmp_path / "absent.parquet", tmp_path / "p.npy")


def test_without_polars_the_error_says_how_to_install_it(file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingPackageError, match="pip install polars"):
        npy_from_parquet(file, tmp_path / "p.npy")


def test_integers_that_one_float_would_stand_for_are_refused_and_written_whole_as_integers(tmp_path):
    ids = 2**60 + np.arange(5)
    pl.DataFrame({"a": np.arange(5), "id": ids}).write_parquet(tmp_path / "ids.parquet")
    for dtype in ("float32", "float64"):
        with pytest.raises(InvalidDataError, match=r"ids.parquet holds .* tell apart, in columns \['id'\]; leave"):
            npy_from_parquet(tmp_path / "ids.parquet", tmp_path / "p.npy", dtype=dtype)
    for dtype in ("int64", "uint64"):
        written = np.load(npy_from_parquet(tmp_path / "ids.parquet", tmp_path / "p.npy", dtype=dtype))
        assert written[:, 1].tolist() == ids.tolist()
    with pytest.raises(InvalidDataError, match="5 numbers that int32 cannot hold in column 'id'"):
        npy_from_parquet(tmp_path / "ids.parquet", tmp_path / "p.npy", dtype="int32")
    pl.DataFrame({"a": np.array([2**63 + 5, 1], np.uint64)}).write_parquet(tmp_path / "large.parquet")
    with pytest.raises(InvalidDataError, match="1 numbers that int64 cannot hold"):
        npy_from_parquet(tmp_path / "large.parquet", tmp_path / "p.npy", dtype="int64")
