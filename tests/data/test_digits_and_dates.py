"""Digits that are names, integers that no float holds, and dates that begin with day or month."""

from __future__ import annotations

import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from alrl.data.data_set import DataSet
from alrl.data.tables.dates import date_order
from alrl.data.tables.vectorise import as_read
from alrl.errors import AmbiguousDateWarning, InvalidDataError

LONG = 1152921504606846976
"""2 to the power of 60: the floats around it are 128 and 256 apart."""
WORDS = "digits with a leading zero are words, no numbers: 'a' ({}); write them without it where they are amounts"
MERGED = "integers that numbers would merge are words: 'a' ({}); write them as 9.007e15 where they are amounts"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["01067", "4711", "99999"], ("a = 01067", "a = 4711", "a = 99999")),
        (["01", "02", "12"], ("a = 01", "a = 02", "a = 12")),
        (["000", "001"], ("a = 001",)),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "semicolon", "pandas", "polars", "parquet"])
def test_digits_with_a_leading_zero_are_words_wherever_they_stand(own, tmp_path, kind, values, names):
    columns = {"a": [values[i % len(values)] for i in range(30)], "class": ["xy"[i % 2] for i in range(30)]}
    rows = list(zip(*columns.values(), strict=True))
    if kind in {"csv", "semicolon"}:
        mark = "," if kind == "csv" else ";"
        source = own("".join(f"{mark.join(row)}\n" for row in [tuple(columns), *rows]))
    elif kind == "pandas":
        source = pd.DataFrame(columns)
    else:
        source = pl.DataFrame(columns)
        if kind == "parquet":
            source.write_parquet(tmp_path / "own.parquet")
            source = tmp_path / "own.parquet"
    data = DataSet.read(source)
    assert data.feature_names == names
    first = next(value for value in columns["a"] if value.startswith("0"))
    assert WORDS.format(first) in data.notes


@pytest.mark.parametrize(
    "values", [["0", "10"], ["0.5", "10"], ["0,5", "1,5"], ["0", "1.0"], ["-0", "7"], ["0e3", "7"]]
)
def test_a_zero_alone_or_before_a_mark_is_a_number(own, values):
    data = DataSet.read(own("a;class\n" + "".join(f"{values[i % 2]};{'xy'[i % 3 > 0]}\n" for i in range(30))))
    assert data.feature_names == ("a",)
    assert not [note for note in data.notes if "words" in note]


def test_a_leading_zero_late_in_a_file_makes_words_of_the_column(own, monkeypatch):
    monkeypatch.setattr("alrl.data.tables.delimited._CELLS", 500)
    values = [str(10 + i % 7) for i in range(900)] + ["007"] * 100
    file = own("a,b,class\n" + "".join(f"{value},{i % 5},{'xy'[i % 2]}\n" for i, value in enumerate(values)))
    data = DataSet.read(file)
    assert data.feature_names == (*(f"a = {each}" for each in ["007", *range(10, 17)]), "b")
    assert data.X[-1].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 4]


def test_many_codes_are_encoded_as_text_and_not_as_numbers(read):
    data = read("a,b,class", lambda i: f"{i % 60:05d},{i % 7},{'xy'[i % 2]}", 300)
    assert data.report.encoded["a"] == "text, 30 columns"
    assert WORDS.format("00000") in data.notes


@pytest.mark.parametrize("kind", ["csv", "int64", "Int64", "object", "decimal", "polars", "uint64"])
def test_integers_that_no_float_holds_are_not_merged(own, kind):
    values = [LONG + i % 3 for i in range(30)]
    classes = ["xy"[i % 2] for i in range(30)]
    columns = {
        "csv": None,
        "int64": np.array(values),
        "uint64": np.array(values, np.uint64),
        "Int64": pd.array(values, dtype="Int64"),
        "object": pd.Series(values, dtype=object),
        "decimal": [Decimal(value) for value in values],
        "polars": values,
    }
    if kind == "csv":
        source = own("a,class\n" + "".join(f"{a},{b}\n" for a, b in zip(values, classes, strict=True)))
    else:
        frame = pl.DataFrame if kind == "polars" else pd.DataFrame
        source = frame({"a": columns[kind], "class": classes})
    data = DataSet.read(source)
    assert data.feature_names == tuple(f"a = {LONG + i}" for i in range(3))
    assert data.X.sum(0).tolist() == [10.0, 10.0, 10.0]
    assert MERGED.format(LONG + 1) in data.notes


def test_long_identifiers_are_left_out_as_such_and_not_as_one_value():
    frame = pd.DataFrame({"a": [LONG + i for i in range(30)], "b": np.arange(30) % 7, "class": ["x", "y"] * 15})
    data = DataSet.read(frame)
    assert data.report.left_out == {"a": "identifiers: words that hardly repeat"}
    assert MERGED.format(LONG + 1) in data.notes


def test_long_integers_that_a_float_holds_are_numbers():
    seconds = 1_700_000_000_000_000_000 + 1_000_000_000 * np.arange(30)
    data = DataSet.read(pd.DataFrame({"a": seconds, "class": ["x", "y"] * 15}))
    assert data.X[:, 0].tolist() == seconds.tolist()


def test_arrays_in_which_integers_would_be_merged_are_refused():
    X = np.stack([np.arange(30), LONG + np.arange(30)], 1)
    with pytest.raises(InvalidDataError, match=r"cannot tell apart, in columns \[1\]; leave identifiers out"):
        DataSet.from_arrays(X, [0, 1] * 15)
    assert DataSet.from_arrays(X * [1, 0], [0, 1] * 15).X[5].tolist() == [5.0, 0.0]


def dates(values, read):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", AmbiguousDateWarning)
        data = read("when,b,class", lambda i: f"{values[i % len(values)]},{i % 7},{'xy'[i % 2]}", 60)
    return data, [str(each.message) for each in warned]


@pytest.mark.parametrize(
    ("values", "how", "first"),
    [
        (["03/04/2026", "25/12/2026"], "date, day first", (4, 3)),
        (["03/04/2026", "12/25/2026"], "date, month first", (3, 4)),
        (["03.04.2026", "05.06.2026"], "date, day first", (4, 3)),
        (["3-4-26", "25-12-26"], "date, day first", (4, 3)),
        (["2026-04-03", "2026-12-25"], "date", (4, 3)),
    ],
)
def test_what_tells_decides_whether_day_or_month_comes_first(values, how, first, read):
    data, warned = dates(values, read)
    assert data.report.encoded["when"].rpartition(", ")[0] == how
    at = [data.feature_names.index(f"when_{part}") for part in ("month", "day")]
    assert tuple(data.X[0, at]) == first
    assert warned == []


def test_where_nothing_tells_the_month_is_first_and_a_warning_says_so(read):
    data, warned = dates(["03/04/2026", "05/06/2026"], read)
    assert data.X[0, :2].tolist() == [3, 4]
    assert data.report.encoded["when"] == "date, month first, though no value tells, 3 columns"
    (said,) = warned
    assert said == (
        "own: nothing tells whether day or month comes first in the dates of column 'when': '03/04/2026' is taken for"
        " 2026-03-04, month first; if that is wrong, write dates with their year first, as 2026-12-31"
    )


def test_one_late_value_decides_for_the_whole_column(read):
    values = [f"{1 + i % 12:02d}/{1 + i % 11:02d}/2026" for i in range(299)]
    data = read("when,b,class", lambda i: f"{'25/12/2026' if i == 299 else values[i]},{i % 7},{'xy'[i % 2]}", 300)
    assert data.report.encoded["when"] == "date, day first, 3 columns"
    assert data.X[1, :2].tolist() == [2, 2]
    assert data.X[12, :2].tolist() == [2, 1]


def test_dates_in_two_orders_are_none():
    assert date_order(["25/12/2026", "12/25/2026"]) is None
    assert date_order(["25/12/2026", "soon"]) is None


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        (["25/12/2026", "2026-04-03"], ["2026-12-25", "2026-04-03"]),
        (["25/12/2026 9:30", "2026-04-03"], ["2026-12-25 09:30:00", "2026-04-03 00:00:00"]),
        (["12/25/2026 1:30 PM", "2026-04-03T10:30:05.5"], ["2026-12-25 13:30:00.000000", "2026-04-03 10:30:05.500000"]),
        (["2026-12-25", "2026-04-03 10:30"], ["2026-12-25 00:00:00", "2026-04-03 10:30:00"]),
        (["3 April 2026", "2026-12-25"], ["2026-04-03", "2026-12-25"]),
        (["2026/04/03", "2026-12-25"], ["2026-04-03", "2026-12-25"]),
        (["Apr 3, 2026 10:30", "2026-12-25"], ["2026-04-03 10:30:00", "2026-12-25 00:00:00"]),
        (["2026/04/31", "2026-12-25"], ["2026/04/31", "2026-12-25"]),
        (["3 April 2026", "2026/04/03", "2026-12-25"], ["3 April 2026", "2026/04/03", "2026-12-25"]),
        (["2026/04/03", "2026/12/25"], ["2026/04/03", "2026/12/25"]),
        (["2026-12-25T10:30:00Z", "2026-04-03"], ["2026-12-25T10:30:00Z", "2026-04-03"]),
        (["25/12/2026", "12/25/2026", "2026-04-03"], ["25/12/2026", "12/25/2026", "2026-04-03"]),
        (["2026-12-25", "2026-04-03"], ["2026-12-25", "2026-04-03"]),
        (["25/12/2026", "2026-04-03", "soon"], ["25/12/2026", "2026-04-03", "soon"]),
    ],
)
def test_dates_with_their_year_first_are_read_among_others(values, seen):
    assert as_read(pd.DataFrame({"since": values}))["since"].tolist() == seen


def test_a_table_may_hold_dates_with_their_year_first_among_others(read):
    data, warned = dates(["25/12/2026", "2026-04-03"], read)
    assert data.report.encoded["when"].startswith("date, day first")
    assert data.X[:2, data.feature_names.index("when_month")].tolist() == [12.0, 4.0]
    assert warned == []


def test_a_frame_for_skrub_keeps_its_gaps_and_what_is_not_text():
    frame = pd.DataFrame({"zip": ["01067", None], "since": ["03.04.2026 10:30", None], "n": [1, 2], "t": ["a", 1]})
    seen = as_read(frame)
    assert seen["zip"].tolist()[0] == "01067"
    assert seen["since"].tolist() == ["2026-04-03 10:30", None]
    assert [str(kind) for kind in seen.dtypes] == ["category", "object", "int64", "object"]
    assert [str(kind) for kind in frame.dtypes] == ["object", "object", "int64", "object"]


@pytest.mark.parametrize(
    ("written", "note"),
    [("3/{day}/2026 {hour}", "month first"), ("2026-03-{day:02d} {hour}", ""), ("{day} Mar 2026, {hour}", "")],
)
def test_hours_before_and_after_noon_are_hours_of_the_day(own, written, note):
    dates = [written.format(day=i % 28 + 1, hour=["1:30 PM", "12:05 AM"][i % 2]) for i in range(40)]
    rows = "".join(f"{date};{'xy'[i % 3 > 0]}\n" for i, date in enumerate(dates))
    data = DataSet.read(own("when;class\n" + rows))
    assert data.report.encoded["when"].startswith(f"date, {note}" if note else "date")
    assert data.X[:2, data.feature_names.index("when_hour")].tolist() == [13.0, 0.0]
