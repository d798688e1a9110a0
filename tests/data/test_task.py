"""A task is a split, a first sample and features on the pool's scale."""

from __future__ import annotations

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task


def test_the_pool_alone_sets_the_scale():
    task = draw_task(load_data_set("wine"), [3])
    X, mean, scale = task.standardised()
    pool = task.split.data_set.X[task.split.pool]
    assert X.dtype == np.float32
    assert np.allclose(X[task.split.pool].mean(0), 0, atol=1e-5)
    assert np.allclose(X[task.split.pool].std(0), 1, atol=1e-5)
    assert np.allclose(mean, pool.mean(0))
    assert np.allclose(scale, pool.std(0))
    assert np.allclose(X, (task.split.data_set.X - mean) / scale, atol=1e-4)


def test_a_column_that_is_constant_in_the_pool_becomes_zero_everywhere():
    rng = np.random.default_rng(0)
    X = np.stack([rng.normal(size=40), np.full(40, 1e6), np.full(40, 0.0)], 1)
    task = draw_task(DataSet.from_arrays(X, [0, 1] * 20), [0])
    outside = task.split.test[0]
    moved = X.copy()
    moved[outside, 2] = 5.0
    task = draw_task(DataSet.from_arrays(moved, [0, 1] * 20), [0])
    standard, _, _ = task.standardised()
    assert np.isfinite(standard).all()
    assert not standard[:, 1:].any()


def test_the_settings_reach_split_and_first_sample():
    task = draw_task(load_data_set("iris"), [1], split={"pool": 0.2}, first={"kind": "random", "size": 7})
    assert (len(task.split.pool), len(task.first), task.seed) == (30, 7, (1,))


def test_a_task_is_its_seed_and_first_sample_and_split_have_streams_of_their_own():
    data = load_data_set("iris")
    one, same, other = (draw_task(data, seed) for seed in ([1, 2], [1, 2], [1, 3]))
    assert np.array_equal(one.split.pool, same.split.pool)
    assert np.array_equal(one.first, same.first)
    assert not np.array_equal(one.split.pool, other.split.pool)
    larger = draw_task(data, [1, 2], first={"kind": "random", "size": 9})
    assert np.array_equal(one.split.pool, larger.split.pool)
