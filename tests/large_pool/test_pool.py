from __future__ import annotations

import os

import numpy as np
import pytest

from alrl.errors import ConstantColumnWarning, InvalidDataError
from alrl.large_pool.pool import LargePool


def records(count=500, features=6, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(3, 2, (count, features)).astype(dtype)


@pytest.fixture
def file(tmp_path):
    np.save(tmp_path / "X.npy", records())
    return tmp_path / "X.npy"


def test_a_file_is_mapped_not_read(file):
    pool = LargePool(file)
    assert isinstance(pool.records, np.memmap)
    assert (pool.n_records, pool.n_features) == (500, 6)


@pytest.mark.parametrize("chunk_bytes", [1, 8 * 6 * 7, 10**9])
def test_chunks_cover_every_record_once_and_keep_to_their_size(file, chunk_bytes):
    pool = LargePool(file, chunk_bytes=chunk_bytes)
    chunks = list(pool.chunks())
    assert [p for chunk in chunks for p in range(chunk.start, chunk.stop)] == list(range(500))
    assert all((c.stop - c.start) * 48 <= max(chunk_bytes, 48) for c in chunks)


def test_chunks_are_those_of_the_pool_standardised_as_a_whole(file):
    X = records().astype(np.float64)
    whole = ((X - X.mean(0)) / X.std(0)).astype(np.float32)
    pool = LargePool(file, chunk_bytes=8 * 6 * 7)
    np.testing.assert_allclose(
        np.concatenate([pool.standardised(c) for c in pool.chunks()]), whole, rtol=1e-6, atol=1e-6
    )
    at = np.array([400, 3])
    assert (pool.standardised(at) == np.concatenate([pool.standardised(np.array([p])) for p in at])).all()


@pytest.mark.parametrize("dtype", ["float16", "float64", "int16"])
def test_other_precisions_are_read_as_the_numbers_they_hold(dtype):
    X = records(dtype=dtype)
    assert (LargePool(X).standardised(slice(0, 9)) == LargePool(X.astype(np.float64)).standardised(slice(0, 9))).all()


def test_what_is_read_is_a_copy(file):
    pool = LargePool(file)
    raw = pool.raw(slice(0, 3))
    raw[:] = 0
    assert (pool.records[:3] != 0).all()


def test_the_extent_is_the_root_mean_squared_distance():
    X = records(40)
    X[:, 2] = 5
    pool = LargePool(X)
    with pytest.warns(ConstantColumnWarning, match="the pool: 1 column has .* left out: column 2"):
        Z = pool.standardised(slice(0, 40)).astype(np.float64)
    assert pool.extent == pytest.approx(np.sqrt(((Z[:, None] - Z[None]) ** 2).sum(-1).mean()), rel=1e-5)


def test_a_random_sample_is_the_same_every_time_and_distinct():
    pool = LargePool(records())
    sample = pool.random(50, "preselection")
    assert (sample == pool.random(50, "preselection")).all()
    assert (sample != pool.random(50, "neighbour index")).any()
    assert len(np.unique(sample)) == 50
    assert pool.random(10_000, "preselection").tolist() == list(range(500))


def test_what_is_kept_beside_the_file_is_used_and_dropped_when_the_file_changes(file):
    kept = file.with_name("X.npy.alrl")
    first = LargePool(file, keep=True)
    neighbours = first.index.neighbours(first.standardised(slice(0, 5)), np.arange(5), 3)[1]
    assert sorted(path.name for path in kept.iterdir()) == ["file.json", "neighbours.faiss", "standardisation.npz"]
    np.savez(kept / "standardisation.npz", mean=np.full(6, 9.0), scale=np.ones(6))
    again = LargePool(file, keep=True)
    assert (again.standardisation.mean == 9).all()
    assert (again.index.neighbours(first.standardised(slice(0, 5)), np.arange(5), 3)[1] == neighbours).all()
    np.save(file, records(seed=1))
    os.utime(file, ns=(1, 1))
    renewed = LargePool(file, keep=True)
    np.testing.assert_allclose(renewed.standardisation.mean, records(seed=1).mean(0), rtol=1e-5)
    assert not (kept / "neighbours.faiss").exists()


def test_nothing_is_written_unasked(file):
    pool = LargePool(file)
    assert pool.index.n_records == 500
    assert [path.name for path in file.parent.iterdir()] == ["X.npy"]


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.zeros(3), "shape"),
        (np.zeros((0, 3)), "at least one"),
        (np.zeros((3, 0)), "at least one"),
        (np.array([["a"]]), "dtype"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(array, match):
    with pytest.raises(InvalidDataError, match=match):
        LargePool(array)


def test_files_that_cannot_be_mapped_say_what_to_do(tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"not numpy")
    np.savez(tmp_path / "archive.npz", X=records())
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    for name, match in [
        ("absent.npy", "no file"),
        ("table.parquet", "npy_from_parquet"),
        ("bad.npy", r"numpy\.save"),
        ("archive.npz", "archive"),
        ("objects.npy", r"numpy\.save"),
    ]:
        with pytest.raises(InvalidDataError, match=match):
            LargePool(tmp_path / name)


def test_integers_that_one_float_would_stand_for_are_refused():
    whole = np.stack([np.arange(30), 2**60 + np.arange(30)], 1)
    with pytest.raises(InvalidDataError, match=r"the pool holds different integers .* in columns \[1\]; leave"):
        _ = LargePool(whole).standardisation
    assert LargePool(whole * [1, 256]).standardisation.usable.all()


def test_settings_without_meaning_are_refused():
    with pytest.raises(InvalidDataError, match="keep"):
        LargePool(records(), keep=True)
    with pytest.raises(InvalidDataError, match="chunk_bytes"):
        LargePool(records(), chunk_bytes=0)


def test_an_empty_file_and_one_that_is_cut_are_told(tmp_path):
    whole = tmp_path / "whole.npy"
    np.save(whole, np.zeros((30, 4), np.float32))
    for name, size, fault in (("empty", 0, "is empty"), ("head", 60, "is cut off"), ("half", 200, "is cut off")):
        (tmp_path / f"{name}.npy").write_bytes(whole.read_bytes()[:size])
        with pytest.raises(InvalidDataError, match=f"{name}.npy {fault}; write it again with numpy.save"):
            LargePool(tmp_path / f"{name}.npy")
