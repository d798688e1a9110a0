"""Picks and curves do not change with the unit, the offset or the order of a column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from alrl.data.sources import load_data_set
from alrl.errors import ConstantColumnWarning
from alrl.evaluation.simulate import simulate

X, y = load_wine(return_X_y=True)


def margin(records):
    return simulate((records, y), "margin", labels=12, seeds=4)


@pytest.mark.parametrize("unit", [1e-10, 1e-300, 1e6, 1e100])
def test_a_unit_changes_neither_picks_nor_curves(unit):
    expected, moved = margin(X), margin(X * unit)
    assert np.array_equal(moved.picks, expected.picks)
    np.testing.assert_allclose(moved.aubc, expected.aubc, atol=1e-6)


def test_every_column_may_have_its_own_unit_and_offset():
    rng = np.random.default_rng(0)
    expected = margin(X)
    moved = margin(X * 2.0 ** rng.integers(-60, 60, X.shape[1]))
    assert np.array_equal(moved.picks, expected.picks)
    far = margin(X + 10.0 ** rng.uniform(0, 7, X.shape[1]))
    assert (far.picks == expected.picks).mean() > 0.9
    np.testing.assert_allclose(far.aubc.mean(), expected.aubc.mean(), atol=0.02)


def test_a_timestamp_of_small_spread_is_as_good_as_the_time_since_then():
    rng = np.random.default_rng(1)
    time = np.where(y == 0, 3.0, 0.0) + rng.standard_normal(len(y))
    since, stamped = (simulate((each[:, None], y == 0), "random", labels=20, seeds=4) for each in (time, time + 1e9))
    np.testing.assert_allclose(stamped.aubc, since.aubc, atol=0.01)
    assert since.accuracy[:, -1].mean() > 0.8


def test_constant_columns_are_named_for_arrays_frames_and_tables_and_not_for_known_data(tmp_path):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.standard_normal((60, 2)), columns=["width", "height"]).assign(factory=0.1, town="Ulm")
    classes = np.repeat(["a", "b"], 30)
    table = frame.assign(kind=classes)
    table.to_csv(tmp_path / "own.csv", index=False)
    for given, label, named in [
        (frame[["width", "factory"]].to_numpy(), None, "column 1"),
        (frame[["width", "factory"]], None, "factory"),
        (frame, None, "factory, town"),
        (table, "kind", "factory, town"),
        (str(tmp_path / "own.csv"), "kind", "factory, town"),
    ]:
        with pytest.warns(ConstantColumnWarning, match=f"left out: {named}$"):
            simulate(given if label else (given, classes), "random", label=label, labels=2, seeds=1)
    simulate("digits", "random", labels=2, seeds=1)
    simulate(load_data_set("digits"), "random", labels=2, seeds=1)
