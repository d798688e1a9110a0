"""What is compiled computes what NumPy and SciPy compute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.special import expit, softmax

from alrl.learners.softmax import compiled_arithmetic as arithmetic


# What compiled code calls has no way in from Python: these are its doors.
@njit
def times(a, b, out):
    arithmetic.times(a, b, out)


@njit
def exponential(x, power):
    arithmetic.exponential(x, power)


@njit
def to_probability(x, room):
    arithmetic.to_probability(x, room)


@njit
def factorise(matrix, eps):
    arithmetic.factorise(matrix, eps)


@njit
def invert(factor, out):
    arithmetic.invert(factor, out)


@njit
def solve(factor, x):
    arithmetic.solve(factor, x)


@njit
def dot(a, b, size):
    return arithmetic.dot(a, b, size)


def matrices(c, q, n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(c, q)).astype(np.float32), rng.normal(size=(q, n)).astype(np.float32)


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=60)
def test_a_product_is_numpys(c, q, n, seed):
    a, b = matrices(c, q, n, seed)
    out = np.full((c, n), np.nan, np.float32)
    times(a, b, out)
    assert np.allclose(out, a.astype(float) @ b, atol=1e-5)


def test_a_product_leaves_further_columns_alone():
    a, b = matrices(3, 5, 4, 0)
    out = np.full((3, 6), 7.0, np.float32)
    times(np.hstack([a, np.ones((3, 2), np.float32)]), b, out)
    assert np.allclose(out[:, :4], a @ b, atol=1e-5)
    assert (out[:, 4:] == 7.0).all()


@pytest.mark.parametrize("shift", range(9))
def test_equal_columns_have_equal_products_wherever_they_stand(shift):
    a, b = matrices(4, 13, 37, 1)
    wider = np.hstack([np.zeros((13, shift), np.float32), b])
    out, moved = np.empty((4, 37), np.float32), np.empty((4, 37 + shift), np.float32)
    times(a, b, out)
    times(a, wider, moved)
    assert (moved[:, shift:] == out).all()


@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 2e-7), (np.float64, 1e-15)])
def test_the_exponential_is_right_to_the_last_bits(dtype, bound):
    x = np.concatenate([np.linspace(-87, 80, 4001), [0.0, -0.0, 1.0, -1.0]]).astype(dtype)
    result = x.copy()
    exponential(result, np.empty_like(x))
    assert np.abs(result / np.exp(x.astype(np.float64)) - 1).max() < bound
    assert result[-4:].tolist() == pytest.approx([1.0, 1.0, np.e, 1 / np.e], rel=1e-6)


def test_python_computes_what_is_compiled():
    x = np.linspace(-90, 80, 301, dtype=np.float32)
    plain, compiled = x.copy(), x.copy()
    arithmetic.exponential(plain, np.empty_like(x))
    exponential(compiled, np.empty_like(x))
    assert np.allclose(plain, compiled, rtol=3e-7, atol=0)


def test_what_is_far_below_zero_counts_as_tiny():
    x = np.array([-88.0, -1e30, -np.inf], np.float32)
    exponential(x, np.empty_like(x))
    assert (x < 2e-38).all()
    assert (x >= 0).all()


@pytest.mark.parametrize("c", [1, 2, 3, 10])
@pytest.mark.parametrize("scale", [1.0, 30.0, 500.0])
def test_probabilities_are_those_of_scipy(c, scale):
    logits = (np.random.default_rng(c).normal(size=(c, 53)) * scale).astype(np.float32)
    result = logits.copy()
    to_probability(result, np.empty((2, 53), np.float32))
    wanted = expit(logits.astype(float)) if c == 1 else softmax(logits.astype(float), 0)
    assert np.abs(result - wanted).max() < 5e-7


def test_no_records_have_no_probabilities():
    to_probability(np.empty((2, 0), np.float32), np.empty((2, 0), np.float32))


@given(st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=40)
def test_a_factor_solves_and_inverts(m, seed):
    root = np.random.default_rng(seed).normal(size=(m, m + 2)).astype(np.float32)
    matrix = root @ root.T / m + np.eye(m, dtype=np.float32)
    factor, inverse, x = matrix.copy(), np.empty_like(matrix), root[:, 0].copy()
    factorise(factor, float(np.finfo(np.float32).eps))
    invert(factor, inverse)
    solve(factor, x)
    assert np.abs(matrix @ x - root[:, 0]).max() < 1e-4
    assert np.abs(inverse @ matrix - np.eye(m)).max() < 1e-4
    assert dot(x, x, m) == pytest.approx(float(x @ x), rel=1e-5)


def test_a_matrix_that_rounding_spoilt_is_taken_by_its_diagonal():
    matrix = np.array([[4.0, 9.0], [9.0, 4.0]], np.float32)
    factorise(matrix, float(np.finfo(np.float32).eps))
    x = np.array([8.0, 4.0], np.float32)
    solve(matrix, x)
    assert x.tolist() == [2.0, 1.0]
