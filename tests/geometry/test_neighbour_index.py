from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.geometry import neighbour_index as module
from alrl.geometry.neighbour_index import NeighbourIndex, list_count, training_size


def clusters(seed, records, features=8):
    rng = np.random.default_rng(seed)
    centres = 3 * rng.standard_normal((10, features))
    X = centres[rng.integers(0, 10, records)] + rng.standard_normal((records, features))
    return X.astype(np.float32)


def build(X, step=1000):
    sample = X[np.sort(np.random.default_rng(0).choice(len(X), training_size(len(X)), replace=False))]
    return NeighbourIndex.build(
        (X[start : start + step] for start in range(0, len(X), step)), sample=sample, records=len(X)
    )


def brute(X, rows, count):
    distance = np.sqrt(((X[rows, None].astype(np.float64) - X[None]) ** 2).sum(-1))
    distance[np.arange(len(rows)), rows] = np.inf
    order = np.argsort(distance, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(distance, order, 1), order


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(2, 60), st.integers(1, 12))
def test_small_pools_are_exact(seed, records, count):
    X = clusters(seed, records, features=3)
    distance, position = build(X, step=7).neighbours(X, np.arange(records), count)
    expected, order = brute(X, np.arange(records), min(count, records - 1))
    np.testing.assert_allclose(distance, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(position, order)


def test_copies_of_a_record_are_neighbours_at_distance_zero_and_itself_is_none():
    X = np.repeat(np.array([[0.0], [5.0]], dtype=np.float32), 20, 0)
    distance, position = build(X).neighbours(X, np.arange(40), 3)
    assert (distance == 0).all()
    assert (position != np.arange(40)[:, None]).all()
    assert ((position < 20) == (np.arange(40) < 20)[:, None]).all()


def test_large_pools_find_nearly_all_neighbours_and_never_the_record_itself():
    X = clusters(1, 25_000)
    rows = np.arange(0, 25_000, 500)
    _, result = build(X).neighbours(X[rows], rows, 10)
    _, expected = brute(X, rows, 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(result, expected, strict=True)])
    assert recall > 0.97
    assert (result != rows[:, None]).all()


def test_two_builds_answer_alike():
    X = clusters(2, 21_000)
    rows = np.arange(500)
    first, second = (build(X).neighbours(X[rows], rows, 10) for _ in range(2))
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()


def test_where_the_lists_read_hold_too_few_records_all_are_read(monkeypatch):
    monkeypatch.setattr(module, "EXACT_RECORDS", 50)
    monkeypatch.setattr(module, "_PROBES", 1)
    X = clusters(3, 100)
    distance, position = build(X).neighbours(X, np.arange(100), 30)
    assert (position >= 0).all()
    assert np.isfinite(distance).all()


def test_an_index_survives_its_file(tmp_path):
    X = clusters(4, 300)
    index = build(X)
    index.save(tmp_path / "index")
    again = NeighbourIndex.load(tmp_path / "index")
    assert again.n_records == 300
    assert (again.neighbours(X, np.arange(300), 5)[1] == index.neighbours(X, np.arange(300), 5)[1]).all()


def test_a_file_that_holds_no_index_is_refused(tmp_path):
    (tmp_path / "index").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidDataError, match="no neighbour index"):
        NeighbourIndex.load(tmp_path / "index")


def test_another_index_of_the_library_is_refused(tmp_path):
    import faiss

    faiss.write_index(faiss.IndexFlatL2(3), str(tmp_path / "index"))
    with pytest.raises(InvalidDataError, match="IndexFlat"):
        NeighbourIndex.load(tmp_path / "index")


def test_no_neighbours_cannot_be_asked_for():
    X = clusters(5, 20)
    with pytest.raises(InvalidQueryError, match="at least 1"):
        build(X).neighbours(X, np.arange(20), 0)


def test_lists_and_what_they_are_learned_from_grow_with_the_pool():
    assert [list_count(records) for records in (20_000, 20_001, 1_000_000)] == [1, 141, 1000]
    assert [training_size(records) for records in (30, 20_001, 1_000_000)] == [30, 9024, 64_000]
