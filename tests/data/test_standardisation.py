from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alrl.data.data_set import DataSet
from alrl.data.standardisation import Standardisation
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


def both(X):
    """Standardisation of a table, and of the same in chunks."""
    return Standardisation.of_table(X), Standardisation.of(np.array_split(X, 3))


@given(st.integers(0, 1000), st.integers(-140, 140), st.sampled_from([0.0, 1.0, -1e3, 1e9]))
def test_units_and_offsets_change_nothing_and_constants_stay_constant(seed, power, offset):
    rng = np.random.default_rng(seed)
    X, unit = np.column_stack([rng.standard_normal((40, 2)), np.full(40, 0.1)]), 10.0**power
    plain = draw_task(DataSet.from_arrays(X, [0, 1] * 20), [seed]).standardised()[0]
    moved = draw_task(DataSet.from_arrays((X + offset) * unit, [0, 1] * 20), [seed]).standardised()[0]
    # What a number of nine digits more keeps of a deviation.
    np.testing.assert_allclose(moved, plain, atol=1e-5 if offset == 1e9 else 1e-6)
    assert (moved[:, 2] == 0).all()
    for standard in both((X + offset) * unit):
        assert standard.usable.tolist() == [True, True, False]


@given(st.integers(0, 1000), st.integers(-60, 60), st.permutations(range(5)))
def test_powers_of_two_and_the_order_of_columns_change_no_bit(seed, power, order):
    X = np.random.default_rng(seed).standard_normal((30, 5)) + np.arange(5)
    plain = Standardisation.of_table(X).apply(X)
    moved = np.ldexp(X, power * np.arange(-2, 3))[:, order]
    assert np.array_equal(Standardisation.of_table(moved).apply(moved), plain[:, order])


def test_a_table_is_standardised_as_numpy_does_it():
    X = np.random.default_rng(0).gamma(1.0, size=(200, 7)) * 10.0 ** np.arange(-3, 4)
    expected = ((X - X.mean(0)) * (1 / X.std(0))).astype(np.float32)
    assert np.array_equal(Standardisation.of_table(X).apply(X), expected)


def test_a_timestamp_is_exact():
    seconds = np.random.default_rng(1).integers(-1000, 1000, size=50_000).astype(np.float64)
    expected = (seconds - seconds.mean()) / seconds.std()
    for offset in (1e9, 1.7e12, -1e14):
        for standard in both(seconds[:, None] + offset):
            np.testing.assert_allclose(standard.mean - offset, seconds.mean(), atol=0.05)
            np.testing.assert_allclose(standard.apply(seconds[:, None] + offset)[:, 0], expected, atol=1e-4)


@pytest.mark.parametrize("value", [0.1, 1e-160, -3e9, 1e140, 0.0])
def test_a_constant_column_of_any_size_becomes_zero(value):
    X = np.column_stack([np.full(100_000, value), np.arange(100_000.0)])
    X[::7, 0] *= 1 + np.finfo(float).eps
    assert Standardisation.of_table(X).usable.tolist() == [False, True]
    assert Standardisation.of([X[:5], X[5:]]).usable.tolist() == [False, True]


def test_single_precision_counts_in_double():
    X = (np.random.default_rng(2).standard_normal((300, 2)) * [1e-30, 1e30]).astype(np.float32)
    expected = Standardisation.of_table(X.astype(np.float64)).apply(X)
    for standard in both(X):
        np.testing.assert_allclose(standard.apply(X), expected, atol=1e-6)
        np.testing.assert_allclose(standard.apply(X).std(0), 1, atol=1e-5)


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
    with pytest.raises(InvalidDataError, match="overflow"):
        Standardisation.of_table(np.array([[1e200], [-1e200]]))


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e140])
def test_units_of_any_size_are_standardised_alike(unit):
    X = np.random.default_rng(3).normal([0, 1, 2], size=(60, 3))
    X[:20, 1] = 0
    expected = Standardisation.of_table(X).apply(X)
    for standard in both(X * unit):
        np.testing.assert_allclose(standard.apply(X * unit), expected, atol=1e-6)


def test_a_column_whose_deviation_has_no_inverse_is_scaled_all_the_same():
    X = np.array([[0.0, 1e-320], [1.0, 3e-320], [2.0, 0.0]])
    for standard in both(X):
        assert standard.usable.tolist() == [True, True]
        np.testing.assert_allclose(standard.apply(X)[:, 1], [-0.27, 1.34, -1.07], atol=0.01)


def test_no_record_is_refused():
    with pytest.raises(InvalidDataError, match="at least one record"):
        Standardisation.of([])
    with pytest.raises(InvalidDataError, match="at least one record"):
        Standardisation.of_table(np.zeros((0, 2)))


def test_numbers_too_small_for_full_precision_are_no_constants():
    X = np.random.default_rng(0).standard_normal((40, 2))
    expected = Standardisation.of_table(X).apply(X)
    for standard in both(X * 1e-310):
        assert standard.usable.all()
        np.testing.assert_allclose(standard.apply(X * 1e-310), expected, atol=1e-5)
