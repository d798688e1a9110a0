from __future__ import annotations

import numpy as np
import pytest

from alrl.errors import InvalidDataError, InvalidQueryError, PoolExhaustedWarning
from alrl.large_pool.loop import LargePoolLoop
from alrl.large_pool.pool import LargePool
from alrl.large_pool.run import run_large_pool


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 700)
    return (3 * np.eye(3)[y] + rng.standard_normal((700, 3))).astype(np.float32), np.array(["a", "b", "c"])[y]


def loop(data, records=600):
    return LargePoolLoop(LargePool(data[0][:records]), classes=["c", "b", "a"], labels=60, seed=2)


def test_a_run_buys_each_record_once_and_scores_the_test_part_before_and_after(data):
    X, y = data
    played = run_large_pool(loop(data), y[:600], batch_size=20, loops=3, test=(X[600:], y[600:]))
    bought = np.concatenate([played.first, *played.picks])
    assert len(np.unique(bought)) == len(bought) == 63
    assert y[played.first].tolist() == ["a", "b", "c"]
    assert played.accuracy.shape == (4,)
    assert played.accuracy[-1] > 0.8 > 1 / 3
    assert played.seconds.shape == (3,)


def test_a_run_ends_with_the_pool_and_says_so(data):
    with pytest.warns(PoolExhaustedWarning, match="7 records are left to query: all of them are returned"):
        played = run_large_pool(loop(data, 30), data[1][:30], batch_size=10, loops=99)
    assert [len(picks) for picks in played.picks] == [10, 10, 7]
    assert played.accuracy is None


def test_the_first_sample_may_be_given(data):
    played = run_large_pool(loop(data), data[1][:600], batch_size=5, loops=1, first=[4, 9, 100])
    assert played.first.tolist() == [4, 9, 100]


def test_mistakes_are_told(data):
    with pytest.raises(InvalidDataError, match="600 records"):
        run_large_pool(loop(data), data[1], batch_size=5, loops=1)
    with pytest.raises(InvalidQueryError, match="loops = 0"):
        run_large_pool(loop(data), data[1][:600], batch_size=5, loops=0)
    begun = loop(data)
    begun.label([0], data[1][:1])
    with pytest.raises(InvalidQueryError, match="1 records of the loop are labelled; give a new loop"):
        run_large_pool(begun, data[1][:600], batch_size=5, loops=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size = 0 given; it must be at least 1"),
        ({"loops": 2.5}, "loops = 2.5 given; it must be a whole number"),
        ({"test": np.zeros((20, 3))}, r"test of shapes \[\(20, 3\)\] given; give a pair of records \(m, 3\)"),
        ({"test": (np.zeros((20, 2)), ["a"] * 20)}, r"test of shapes \[\(20, 2\), \(20,\)\] given"),
        ({"test": (np.zeros((20, 3)), ["a"] * 10)}, r"test of shapes \[\(20, 3\), \(10,\)\] given"),
        ({"test": (np.zeros((2, 3)), ["a", "7"])}, r"test labels 7 given; the classes are \['c', 'b', 'a'\]"),
        ({"test": (np.zeros((2, 3)), [0, 1])}, r"test labels 0, 1 given"),
        ({"test": (np.zeros((2, 3)), ["a", None])}, r"test labels None given"),
        ({"test": (np.full((2, 3), np.nan), ["a", "b"])}, "test records hold missing or infinite values"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_labelled(data, settings, message):
    fresh = loop(data)
    with pytest.raises((InvalidDataError, InvalidQueryError), match=message):
        run_large_pool(fresh, data[1][:600], **{"batch_size": 5, "loops": 1, **settings})
    assert not len(fresh.labelled_set.index)


@pytest.mark.parametrize("classes", ["ab", 2])
def test_classes_are_given_as_a_list(data, classes):
    with pytest.raises(InvalidDataError, match=rf"classes = {classes!r} given; give a list of them"):
        LargePoolLoop(LargePool(data[0]), classes=classes, labels=5)
