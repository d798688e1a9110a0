"""What a policy picks does not change with the units, offsets or order of columns; constants are named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import alrl
from alrl.errors import ConstantColumnWarning, InvalidDataError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((90, 4)) + 2 * (np.arange(90) % 3)[:, None] * [1, -1, 0.5, 0]
Y = np.arange(90) % 3


@pytest.fixture(scope="module")
def policy() -> Any:
    return alrl.load_policy("general")


def picks(policy: Any, records: np.ndarray) -> list[int]:
    """A batch of five by a model that standardises for itself, as models of such records do."""
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(records[:15], Y[:15])
    chosen: list[int] = policy.query(model, records[15:], records[:15], Y[:15], batch_size=5).tolist()
    return chosen


@pytest.mark.parametrize("unit", [1e-10, 1e-6, 1e100])
def test_a_unit_changes_no_pick(policy, unit):
    assert picks(policy, X * unit) == picks(policy, X)


@settings(max_examples=10)
@given(st.lists(st.integers(-60, 60), min_size=4, max_size=4))
def test_powers_of_two_change_no_pick(policy, powers):
    assert picks(policy, np.ldexp(X, powers)) == picks(policy, X)


def test_a_timestamp_single_precision_and_a_tiny_unit_are_seen(policy):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:15], Y[:15])
    proba = model.predict_proba
    expected = policy.query(lambda _: proba(X[15:]), X[15:], [], [], classes=[0, 1, 2], return_scores=True)
    moved = policy.query(lambda _: proba(X[15:]), X[15:] + 1e9, [], [], classes=[0, 1, 2], return_scores=True)
    np.testing.assert_allclose(moved.features, expected.features, atol=1e-5)
    small = policy.query(lambda _: proba(X[15:]), X[15:] * 1e-300, [], [], classes=[0, 1, 2], return_scores=True)
    np.testing.assert_allclose(small.features, expected.features, atol=1e-5)
    single = policy.query(
        lambda _: proba(X[15:]), X[15:].astype(np.float32), [], [], classes=[0, 1, 2], return_scores=True
    )
    np.testing.assert_allclose(single.features, expected.features, atol=1e-5)


def test_one_record_of_1e200_is_refused_as_a_data_set_refuses_it(policy):
    model = LogisticRegression().fit(X[:15], Y[:15])
    pool = X[15:].copy()
    pool[3, 1] = 1e200
    with pytest.raises(InvalidDataError, match="squares overflow") as query_error:
        policy.query(model, pool, X[:15], Y[:15])
    with pytest.raises(InvalidDataError, match="squares overflow") as data_error:
        alrl.DataSet.from_arrays(pool, Y[15:])
    assert "rescale those columns" in str(query_error.value)
    assert "rescale those columns" in str(data_error.value)


def test_a_constant_column_is_named_and_changes_no_pick(policy):
    names = ["width", "height", "depth", "age"]
    frame = pd.DataFrame(X, columns=names).assign(factory=0.1)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[:15], Y[:15])
    with pytest.warns(ConstantColumnWarning, match="1 column has the same value in all records .*: factory"):
        chosen = policy.query(model, frame[15:], frame[:15], Y[:15], batch_size=5)
    assert (np.asarray(chosen) - 15).tolist() == picks(policy, X)


@pytest.mark.parametrize("unit", [1e-300, 1e100])
def test_the_directions_of_a_wide_sparse_matrix_change_with_no_unit(policy, unit):
    wide = sparse.random(60, 400, density=0.05, random_state=0, format="csr")
    proba = np.random.default_rng(1).dirichlet([1, 1], size=60)
    plain, moved = (
        policy.query(lambda _: proba[:50], rows[:50], [], [], classes=[0, 1], batch_size=5, return_scores=True)
        for rows in (wide, wide * unit)
    )
    np.testing.assert_allclose(moved.features, plain.features, atol=1e-5)
    assert moved.records.tolist() == plain.records.tolist()
