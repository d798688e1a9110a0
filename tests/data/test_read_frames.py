"""Frames of pandas and polars, and the files that hold frames."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from alrl.data.data_set import DataSet
from alrl.data.sources import load_data_set
from alrl.errors import GuessedLabelWarning, InvalidDataError
from alrl.evaluation.simulate import simulate

N = 30
NUMBERS = np.arange(N)
KIND = np.where(NUMBERS % 2, "x", "y")


def frame(**columns):
    return pd.DataFrame({"a": NUMBERS / 2, **columns, "class": KIND})


@pytest.mark.parametrize(
    ("values", "names", "first"),
    [
        (pd.Categorical(np.array(["u", "v", "w"])[NUMBERS % 3]), ("b = u", "b = v", "b = w"), [1, 0, 0]),
        (pd.Categorical(NUMBERS % 3), ("b = 0", "b = 1", "b = 2"), [1, 0, 0]),
        (pd.array(["u", "v", None] * 10, dtype="string"), ("b = u", "b = v", "b = (missing)"), [1, 0, 0]),
        (pd.array([None if k % 3 else int(k) for k in NUMBERS], dtype="Int64"), ("b", "b is missing"), [0, 0]),
        (pd.array([None if k % 3 else k % 2 == 0 for k in NUMBERS], dtype="boolean"), ("b", "b is missing"), [1, 0]),
        (NUMBERS % 2 == 0, ("b",), [1]),
        (pd.to_timedelta(NUMBERS + 1, unit="h"), ("b",), [3600]),
        (pd.arrays.SparseArray((NUMBERS % 3).astype(float)), ("b",), [0]),
        ([Decimal(int(k) + 1) for k in NUMBERS], ("b",), [1]),
        ([f"1,{k:03d}" for k in NUMBERS], ("b",), [1000]),
        ([[1.0, float(k)] for k in NUMBERS], ("b_0", "b_1"), [1, 0]),
        ([1, "x", None] * 10, ("b = 1", "b = x", "b = (missing)"), [1, 0, 0]),
        (
            pd.period_range("2020-01", periods=N, freq="M"),
            ("b_year", "b_month", "b_total_seconds"),
            [2020, 1, 1577836800],
        ),
        (
            [dt.date(2024, 1, 1) + dt.timedelta(days=int(k)) for k in NUMBERS],
            ("b_day", "b_total_seconds"),
            [1, 1704067200],
        ),
        (
            pd.date_range("2024-01-31", periods=N, freq="D", tz="Asia/Tokyo"),
            ("b_month", "b_day", "b_total_seconds"),
            [1, 30, pytest.approx(1706626800, abs=128)],
        ),
    ],
)
def test_columns_of_many_kinds_become_numbers(values, names, first):
    data = DataSet.read(frame(b=values))
    assert data.feature_names == ("a", *names)
    assert data.X[0, 1:].tolist() == first
    assert np.isfinite(data.X).all()


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (NUMBERS % 2 == 0, ("False", "True")),
        ((NUMBERS % 3).astype(float), ("0", "1", "2")),
        (2**60 + NUMBERS % 2, ("1152921504606846976", "1152921504606846977")),
        (pd.Categorical(KIND), ("x", "y")),
        (pd.Categorical(NUMBERS % 12), tuple(str(k) for k in range(12))),
        (pd.array(KIND, dtype="string"), ("x", "y")),
        ([" x", "x ", "y"] * 10, ("x", "y")),
        ([True, "x", 3] * 10, ("3", "True", "x")),
    ],
)
def test_labels_of_many_kinds_are_classes(labels, classes):
    assert DataSet.read(pd.DataFrame({"a": NUMBERS, "class": labels})).class_names == classes


@pytest.mark.parametrize(
    "labels",
    [
        np.where(NUMBERS % 3 == 2, np.nan, NUMBERS % 3),
        pd.array([None if k % 3 == 2 else int(k) % 3 for k in NUMBERS], dtype="Int64"),
        [None if k % 3 == 2 else str(k % 3) for k in NUMBERS],
        pd.Categorical([None if k % 3 == 2 else k % 3 for k in NUMBERS]),
    ],
)
def test_labels_that_are_missing_are_kept_apart(labels):
    data = DataSet.read(pd.DataFrame({"a": NUMBERS, "class": labels}))
    assert (data.class_names, data.n_records, len(data.unlabelled.positions)) == (("0", "1"), 20, 10)
    assert data.unlabelled.frame.a.tolist() == NUMBERS[NUMBERS % 3 == 2].tolist()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"b": [{}] * N}, "column 'b' holds dict objects; give numbers, text, dates or arrays of numbers"),
        ({"b": NUMBERS * 1j}, "column 'b' holds complex numbers"),
        ({"b": [[1.0] * (k % 3) for k in range(N)]}, "column 'b' holds arrays that are not numbers of one length"),
        ({"b": np.where(NUMBERS == 3, np.inf, NUMBERS)}, "column 'b' of data holds values that are infinite"),
        (
            {"class": [["u", "v"]] * N},
            "holds several values a record.*regression, several labels a record and sequences",
        ),
        ({"class": pd.date_range("2024", periods=N)}, "label column 'class' holds dates, no classes"),
        (
            {"class": NUMBERS * 0.37},
            "30 different numbers that are not whole, as a regression target does; alrl learns one",
        ),
    ],
)
def test_columns_that_cannot_be_used_are_refused(columns, message):
    table = frame()
    for name, values in columns.items():
        table[name] = values
    with pytest.raises(InvalidDataError, match=message):
        DataSet.read(table)


def test_polars_frames_are_read_as_pandas_frames_are():
    content = {"a": NUMBERS / 2, "c": ["u", "v", None] * 10, "class": KIND.tolist()}
    data = DataSet.read(pl.DataFrame(content))
    assert data.fingerprint == DataSet.read(pd.DataFrame(content)).fingerprint
    assert DataSet.read(pl.LazyFrame(content)).fingerprint == data.fingerprint
    assert isinstance(data.frame, pl.DataFrame)


def test_columns_of_polars_of_many_kinds_become_numbers():
    table = pl.DataFrame(
        {
            "date": [dt.date(2024, 1, 1)] * 15 + [None] * 15,
            "category": pl.Series(["p", "q"] * 15, dtype=pl.Categorical),
            "time": [dt.time(int(k) % 24) for k in NUMBERS],
            "span": [dt.timedelta(hours=int(k) + 1) for k in NUMBERS],
            "decimal": pl.Series([Decimal(int(k) % 9) for k in NUMBERS]),
            "array": pl.Series([[1.0, 2.0 + k] for k in range(N)], dtype=pl.Array(pl.Float32, 2)),
            "list": [[1, int(k)] for k in NUMBERS],
            "nothing": [None] * N,
            "flag": [True, None] * 15,
            "class": KIND.tolist(),
        }
    )
    data = DataSet.read(table)
    assert np.isfinite(data.X).all()
    assert data.report.left_out == {"nothing": "no value in any record"}
    record = dict(zip(data.feature_names, data.X[0].tolist(), strict=True))
    assert {**record, "date_total_seconds": 0} == {
        "date_total_seconds": 0,
        "date is missing": 0,
        "category = q": 0,
        "time": 0,
        "span": 3600,
        "decimal": 0,
        "array_0": 1,
        "array_1": 2,
        "list_0": 1,
        "list_1": 0,
        "flag": 1,
        "flag is missing": 0,
        **{name: value for name, value in record.items() if name in {"date_year", "date_month", "date_day"}},
    }
    with pytest.raises(InvalidDataError, match="holds dict objects"):
        DataSet.read(table.with_columns(odd=pl.struct("flag"), **{"class": pl.col("class")}))


def test_names_that_are_no_text_or_come_twice_are_told_apart():
    table = pd.DataFrame(np.c_[NUMBERS / 2, NUMBERS / 3, NUMBERS % 2], columns=["a", "a", "class"])
    assert DataSet.read(table).feature_names == ("a", "a.1")
    table.columns = pd.MultiIndex.from_tuples([("a", "b"), ("a", "c"), ("class", "of it")])
    assert DataSet.read(table, label="class of it").feature_names == ("a b", "a c")
    table.columns = range(3)
    data = DataSet.read(table, label=2)
    assert (data.feature_names, data.report.label) == (("0", "1"), "2")


def test_the_index_of_a_frame_is_no_feature():
    assert DataSet.read(frame(b=NUMBERS % 5).set_index("a")).feature_names == ("b",)
    assert DataSet.read(frame().reset_index()).feature_names == ("a",)


def test_a_frame_without_records_or_features_is_refused():
    for table in (frame()[:0], frame()[["class"]]):
        with pytest.raises(InvalidDataError, match="expected records, features and a class column"):
            DataSet.read(table)


@pytest.mark.parametrize("place", [0, -1])
def test_the_row_names_that_pandas_writes_into_parquet_are_no_feature_and_no_class(tmp_path, place):
    columns = {"a": NUMBERS / 2, "kind": KIND.tolist()}
    names = list(columns)
    names.insert(len(names) if place else 0, "__index_level_0__")
    table = pl.DataFrame(columns).with_columns(__index_level_0__=pl.arange(N)).select(names)
    table.write_parquet(tmp_path / "own.parquet")
    with pytest.warns(GuessedLabelWarning, match="'kind'"):
        data = DataSet.read(tmp_path / "own.parquet")
    assert (data.feature_names, data.class_names) == (("a",), ("x", "y"))


@pytest.mark.parametrize("levels", [("site", "visit"), ("__index_level_0__", "__index_level_1__")])
def test_the_levels_of_an_index_that_pandas_writes_into_parquet_are_no_features_and_no_class(tmp_path, levels):
    columns = {"a": NUMBERS / 2, "kind": KIND.tolist(), levels[0]: np.arange(N) // 2, levels[1]: np.arange(N) % 2}
    pandas = {"index_columns": list(levels), "columns": []}
    pl.DataFrame(columns).write_parquet(tmp_path / "own.parquet", metadata={"pandas": json.dumps(pandas)})
    with pytest.warns(GuessedLabelWarning, match="'kind'"):
        data = DataSet.read(tmp_path / "own.parquet")
    assert (data.feature_names, data.class_names) == (("a",), ("x", "y"))
    assert f"left out, as the index of a pandas frame: {', '.join(levels)}" in str(data.report)
    kept = DataSet.read(tmp_path / "own.parquet", label="kind", features=["a", levels[1]])
    assert kept.feature_names == ("a", levels[1])
    assert DataSet.read(tmp_path / "own.parquet", label=levels[1]).class_names == ("0", "1")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("own.parquet", pl.DataFrame.write_parquet),
        ("own.pq", pl.DataFrame.write_parquet),
        ("own.feather", pl.DataFrame.write_ipc),
        ("own.arrow", pl.DataFrame.write_ipc_stream),
    ],
)
def test_files_that_hold_frames_are_read(tmp_path, name, write):
    content = {"a": NUMBERS / 2, "b": ["u", "v", None] * 10, "class": (NUMBERS % 3).tolist()}
    write(pl.DataFrame(content), tmp_path / name)
    data = DataSet.read(tmp_path / name)
    assert (data.name, data.fingerprint) == ("own", DataSet.read(pd.DataFrame(content)).fingerprint)
    assert DataSet.read(tmp_path / name, drop=["b"]).feature_names == ("a",)


@pytest.mark.parametrize(
    ("name", "kind"), [("own.parquet", "Parquet"), ("own.arrow", "Arrow"), ("own.feather", "Arrow")]
)
def test_files_that_hold_none_are_refused(own, name, kind):
    with pytest.raises(InvalidDataError, match=rf"{name} is no {kind} file"):
        DataSet.read(own("no frame", name))


def test_the_frame_is_the_one_that_was_given():
    table = frame(b=pd.Categorical(np.array(["u", "v"])[NUMBERS % 2]), id=NUMBERS)
    data = DataSet.read(table)
    assert data.frame.equals(table[["a", "b"]])
    partly = table.assign(**{"class": [None] * 3 + KIND[3:].tolist()})
    assert DataSet.read(partly).frame.equals(table[["a", "b"]][3:])


def test_the_frame_of_a_file_has_gaps_categories_and_dates(read):
    data = read(
        "when,size,kind,text,class",
        lambda i: (
            f"2024-01-{i % 28 + 1:02d},{'' if i % 4 == 0 else i / 2},{'' if i % 5 == 0 else 'uv'[i % 2]},the {i}th"
            f" of {i * 7} sheep,{'' if i % 10 == 0 else 'xy'[i % 2]}"
        ),
        300,
    )
    for part, places in ((data, data.positions), (data.unlabelled, data.unlabelled.positions)):
        seen = part.frame
        assert seen["size"].isna().tolist() == [place % 4 == 0 for place in places]
        assert seen.kind.isna().tolist() == [place % 5 == 0 for place in places]
        assert seen.text.tolist() == [f"the {place}th of {place * 7} sheep" for place in places]
        assert seen.when.iloc[0] == f"2024-01-{places[0] % 28 + 1:02d}"
        assert len(part.X) == len(places)


def test_a_data_set_of_arrays_has_a_frame_too():
    data = DataSet.from_arrays([[0.0, 1.0], [2.0, 3.0]], ["a", "b"])
    assert data.frame.to_numpy().tolist() == [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize("step", ["250ms", "1s", "1min", "7h"])
def test_dates_however_close_stay_apart(tmp_path, step):
    dates = pd.date_range("2024-01-01 10:00", periods=60, freq=step)
    frame = pd.DataFrame({"at": dates, "kind": ["early"] * 30 + ["late"] * 30})
    frame.to_csv(tmp_path / "own.csv", index=False)
    for source in (frame, frame.assign(at=dates.tz_localize("Europe/Berlin")), tmp_path / "own.csv"):
        data = DataSet.read(source, label="kind")
        seconds = data.X[:, data.feature_names.index("at_total_seconds")]
        np.testing.assert_allclose(seconds - seconds[0], (dates - dates[0]).total_seconds())


def test_a_pair_of_arrays_is_read_as_arrays_are():
    X, y = np.array([[1.0], [2.0], [3.0]]), ["a", "b", "a"]
    data = DataSet.read((X, y), name="mine")
    assert (data.name, data.X.tolist(), data.class_names) == ("mine", X.tolist(), ("a", "b"))
    with pytest.raises(InvalidDataError, match=r"label names a column, and a pair \(X, y\) has arrays X and y"):
        DataSet.read((X, y), label="kind")


@pytest.mark.filterwarnings("error::polars.exceptions.PerformanceWarning")
def test_a_lazy_frame_is_read_as_the_frame_that_it_stands_for():
    frame = pl.DataFrame({"a": np.arange(30.0), "b": np.arange(30.0) % 7, "label": ["x", "y"] * 15})
    X, y = frame.select("a", "b"), frame["label"]
    for data in (
        DataSet.read(frame.lazy(), label="label"),
        load_data_set(frame.lazy(), label="label"),
        load_data_set((X.lazy(), y)),
        DataSet.from_arrays(X.lazy(), y),
    ):
        assert data.X[29].tolist() == [29.0, 1.0]
        assert data.feature_names == ("a", "b")
        assert data.y.tolist() == [0, 1] * 15
    assert simulate(frame.lazy(), "margin", label="label", labels=2, seeds=1).accuracy.shape == (1, 3)
