from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alrl.data.data_set import DataSet
from alrl.data.standardisation import Standardisation, varies
from alrl.data.task import draw_task
from alrl.errors import InvalidDataError


@given(st.integers(0, 1000), st.lists(st.integers(1, 20), min_size=1, max_size=8))
def test_chunks_give_the_mean_and_scale_of_the_whole(seed, sizes):
    X = 1000 + 3 * np.random.default_rng(seed).standard_normal((sum(sizes), 4))
    standard = Standardisation.of(np.split(X, np.cumsum(sizes)[:-1]))
    np.testing.assert_allclose(standard.mean, X.mean(0), rtol=1e-12)
    np.testing.assert_allclose(standard.scale, X.std(0), rtol=1e-9, atol=1e-9)


def test_records_are_standardised_as_a_task_does_it():
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.normal(5, 2, 60), np.full(60, 7.0), rng.normal(0, 1e-3, 60)])
    task = draw_task(DataSet.from_arrays(X, [0, 1] * 30), [1])
    pool = X[task.split.pool]
    standard = Standardisation.of([pool[:7], pool[7:]])
    expected, _, _ = task.standardised()
    np.testing.assert_allclose(standard.apply(X), expected, rtol=1e-6, atol=1e-6)
    assert (standard.apply(X)[:, 1] == 0).all()
    assert standard.usable.tolist() == [True, False, True]


@given(st.integers(0, 1000), st.integers(-100, 100), st.sampled_from([0.0, 1.0, -1e3, 1e9]))
def test_units_and_offsets_change_nothing_and_constants_stay_constant(seed, power, offset):
    rng = np.random.default_rng(seed)
    X, unit = np.column_stack([rng.standard_normal((40, 2)), np.full(40, 0.1)]), 10.0**power
    plain = draw_task(DataSet.from_arrays(X, [0, 1] * 20), [seed]).standardised()[0]
    moved = draw_task(DataSet.from_arrays((X + offset) * unit, [0, 1] * 20), [seed]).standardised()[0]
    np.testing.assert_allclose(moved, plain, atol=1e-4)
    assert (moved[:, 2] == 0).all()
    assert Standardisation.of([(X + offset) * unit]).usable.tolist() == [True, True, False]


def test_a_mean_of_zero_makes_no_constant():
    assert varies(np.zeros(2), np.array([0.0, 1e-300])).tolist() == [False, True]


def test_half_precision_overflows_nothing():
    X = np.array([[60_000.0], [-60_000.0]], dtype=np.float16)
    standard = Standardisation.of([X])
    assert standard.apply(X).tolist() == [[1.0], [-1.0]]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_named_by_record_and_column(value):
    X = np.zeros((6, 2))
    X[4, 1] = value
    with pytest.raises(InvalidDataError, match=r"1 in records 3 to 5, the first in record 4, column 1"):
        Standardisation.of([X[:3], X[3:]])


def test_values_too_large_to_be_squared_are_refused():
    with pytest.raises(InvalidDataError, match="overflow"):
        Standardisation.of([np.array([[1e200], [-1e200]])])


def test_no_record_is_refused():
    with pytest.raises(InvalidDataError, match="at least one record"):
        Standardisation.of([])
