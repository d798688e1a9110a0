"""What a data set accepts, what it refuses and with which words."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from alrl.data.data_set import DataSet
from alrl.errors import InvalidDataError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])


def test_codes_follow_the_sorted_classes():
    data = DataSet.from_arrays(X, ["pear", "fig", "pear", "apple", "fig", "pear"], name="fruit")
    assert data.class_names == ("apple", "fig", "pear")
    assert data.y.tolist() == [2, 1, 2, 0, 1, 2]
    assert (data.name, data.n_records, data.n_features, data.n_classes) == ("fruit", 6, 2, 3)
    assert (data.X.dtype, data.y.dtype) == (np.float64, np.int64)


@pytest.mark.parametrize(
    ("y", "class_names"),
    [
        ([5, -1, 5, -1, 5, 5], ("-1", "5")),
        ([1.0, 2.0, 1.0, 2.0, 1.0, 1.0], ("1", "2")),
        ([True, False, True, False, True, True], ("False", "True")),
        (np.array(["b", "a", "b", "a", "b", "b"], dtype=object), ("a", "b")),
        (pd.Series(["b", "a", "b", "a", "b", "b"], dtype="category"), ("a", "b")),
        (torch.tensor([5, -1, 5, -1, 5, 5]), ("-1", "5")),
        (np.array([[5], [-1], [5], [-1], [5], [5]]), ("-1", "5")),
    ],
)
def test_classes_of_many_types_are_named_in_their_order(y, class_names):
    data = DataSet.from_arrays(X, y)
    assert data.class_names == class_names
    assert data.n_records == 6


def test_pandas_frames_are_accepted():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    data = DataSet.from_arrays(frame, pd.Series(["x", "y", "x"]))
    assert data.X.tolist() == [[1.0, 0.5], [2.0, 1.5], [3.0, 2.5]]


def test_arrays_are_copies_and_cannot_be_written():
    X_own, y_own = X.copy(), Y.copy()
    data = DataSet.from_arrays(X_own, y_own)
    X_own[:], y_own[:] = -1, 0
    assert data.X[1, 1] == 3.0
    assert data.y[1] == 1
    for array in (data.X, data.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "other"


def test_constant_and_duplicate_columns_and_rows_are_kept():
    duplicated = np.array([[1.0, 7.0, 1.0], [1.0, 7.0, 1.0], [2.0, 7.0, 2.0]])
    assert np.array_equal(DataSet.from_arrays(duplicated, [0, 1, 0]).X, duplicated)


def test_fingerprint_depends_on_content_and_not_on_the_name():
    one = DataSet.from_arrays(X, Y, name="one")
    assert one.fingerprint == DataSet.from_arrays(X.astype(np.float32), Y.astype(bool) * 1, name="two").fingerprint
    assert len(one.fingerprint) == 64
    others = [
        DataSet.from_arrays(X + 1e-12, Y),
        DataSet.from_arrays(X, 1 - Y),
        DataSet.from_arrays(X, Y + 1),
        DataSet.from_arrays(X.reshape(6, 2)[:, ::-1], Y),
    ]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 5


@pytest.mark.parametrize(
    ("X_bad", "message"),
    [
        (X[:, 0], r"X has shape \(6,\); expected \(records, features\)"),
        (X.astype(object), r"X has dtype object; .*encode categories \(one-hot"),
        (X.astype(str), r"X has dtype <U\d+; .*encode categories"),
        (pd.DataFrame({"a": [1.0] * 6, "b": ["red"] * 6}), r"X has dtype object; .*encode categories"),
        (X * 1j, r"X has dtype complex128"),
        (np.zeros((0, 2)), r"X is empty \(shape \(0, 2\)\)"),
        (np.zeros((6, 0)), r"X is empty \(shape \(6, 0\)\)"),
        ([[1.0, 2.0], [3.0]], r"no rectangular array .*same length"),
        (csr_array(X), r"X is sparse \(csr_array\); convert it with X.toarray\(\)"),
        (X * 1e150, r"X holds 10 values that are larger than 1e\+150 .*rescale"),
        (X[:5], r"X has 5 records and y has 6; each record needs exactly one class"),
    ],
)
def test_features_that_cannot_be_used_are_refused(X_bad, message):
    with pytest.raises(InvalidDataError, match=message):
        DataSet.from_arrays(X_bad, Y)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_counted_and_located(value):
    bad = np.zeros((6, 9))
    bad[2, 1:8] = value
    bad[4, 1] = value
    message = r"X holds 8 values that are NaN or infinite, in 7 columns \(1, 2, 3, 4, 5, \.\.\.\); impute them"
    with pytest.raises(InvalidDataError, match=message):
        DataSet.from_arrays(bad, Y)


@pytest.mark.parametrize(
    ("y_bad", "message"),
    [
        ([], r"y is empty"),
        ([3] * 6, r"y holds one class only \('3'\); a classifier needs at least two"),
        (np.eye(2)[Y], r"y has shape \(6, 2\); expected \(records,\), one class a record"),
        ([0.0, 1.0, np.nan, 1.0, 0.0, np.nan], r"y holds 2 missing classes"),
        (np.array(["a", None, "b", "a", float("nan"), "b"], dtype=object), r"y holds 2 missing classes"),
        (pd.array(["a", pd.NA, "b", "a", "b", "b"], dtype="string"), r"y holds 1 missing classes"),
        ([0.5, 1.0, 0.5, 1.0, 0.5, 1.0], r"y holds numbers that are not whole, as in regression"),
        ([0.0, np.inf, 0.0, 1.0, 0.0, 1.0], r"y holds numbers that are not whole"),
        (
            [1e300, 2.0, 1e300, 2.0, 2.0, 2.0],
            r"y holds the number 1e\+300, beyond which .* as text or integers",
        ),
        (np.array(["a", 1, "a", 1, "a", 1], dtype=object), r"y mixes types .*y\.astype\(str\)"),
        (np.array([1j, 0] * 3), r"y has dtype complex128; classes are strings, integers or booleans"),
    ],
)
def test_classes_that_cannot_be_used_are_refused(y_bad, message):
    with pytest.raises(InvalidDataError, match=message):
        DataSet.from_arrays(X, y_bad)


@given(arrays(np.int64, st.integers(2, 40), elements=st.integers(-3, 3)))
def test_class_names_give_the_classes_back(y):
    if len(np.unique(y)) < 2:
        with pytest.raises(InvalidDataError, match="one class only"):
            DataSet.from_arrays(np.zeros((len(y), 1)), y)
        return
    data = DataSet.from_arrays(np.zeros((len(y), 1)), y)
    assert [int(data.class_names[code]) for code in data.y] == y.tolist()
    assert np.bincount(data.y, minlength=data.n_classes).min() >= 1


def test_what_is_masked_is_missing():
    X = np.ma.masked_greater(np.arange(24.0).reshape(12, 2), 20)
    with pytest.raises(InvalidDataError, match="X holds 3 values that are NaN or infinite"):
        DataSet.from_arrays(X, [0, 1] * 6)
    with pytest.raises(InvalidDataError, match="y holds 1 missing classes"):
        DataSet.from_arrays(X.data, np.ma.masked_equal(np.arange(12), 3))
    with pytest.raises(InvalidDataError, match="y holds 6 missing classes"):
        DataSet.from_arrays(X.data, np.ma.masked_equal(["a", "b"] * 6, "b"))


def test_true_is_no_class_with_one():
    with pytest.raises(InvalidDataError, match="y holds booleans beside other classes; convert it with"):
        DataSet.from_arrays([[1.0], [2.0], [3.0]], np.array([1, True, 0], dtype=object))
    assert DataSet.from_arrays([[1.0], [2.0]], np.array([True, False], dtype=object)).class_names == ("False", "True")
