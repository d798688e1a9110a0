"""Every table of shared cases that went wrong once: what is right is the value here, the file lies in ``cases``."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from alrl.data.data_set import DataSet
from alrl.errors import GuessedLabelWarning, InvalidDataError

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("class-codes", ("001", "01", "10")),
        ("class-exponents", ("1000", "1e3", "2e1")),
        ("class-large-ids", ("9007199254740992", "9007199254740993", "9007199254740994")),
        ("class-named-none", ("NA", "crack", "none")),
    ],
)
def test_a_class_stays_the_text_that_it_is(name, classes):
    with pytest.warns(GuessedLabelWarning, match="guessed as it is the last column"):
        data = DataSet.read(CASES / f"{name}.csv")
    assert data.class_names == classes
    assert np.bincount(data.y).tolist() == [10, 10, 10]


def test_classes_that_differ_in_writing_alone_are_named():
    with pytest.warns(GuessedLabelWarning):
        notes = DataSet.read(CASES / "class-codes.csv").notes
    assert "classes of 'code' that differ in writing alone are kept apart: '001' and '01'" in notes


def test_a_label_that_is_not_the_last_column_has_to_be_named():
    with pytest.raises(
        InvalidDataError, match=r"'grade', 'visits' may all be it; name it with --label NAME .*grade, a"
    ):
        DataSet.read(CASES / "label-first.csv")
    data = DataSet.read(CASES / "label-first.csv", label="grade")
    assert (data.class_names, data.feature_names) == (("A", "B"), ("a", "visits"))


def test_row_numbers_are_no_feature():
    data = DataSet.read(CASES / "index-column.csv", label="species")
    assert data.feature_names == ("a", "b")
    assert data.report.left_out == {"unnamed_1": "row numbers"}


def test_a_file_without_a_header_keeps_its_first_record():
    with pytest.warns(GuessedLabelWarning):
        data = DataSet.read(CASES / "no-header.csv")
    assert (data.n_records, data.class_names, data.X[0].tolist()) == (40, ("x", "y"), [-0.953, 1.275])
    assert any("--no-header" in note for note in data.notes)


@pytest.mark.parametrize("name", ["semicolon.csv", "decimal-comma.csv", "tabs.tsv"])
def test_delimiters_and_decimal_commas_are_found_out(name):
    data = DataSet.read(CASES / name)
    first = {"semicolon.csv": [-1.216, 0.062], "decimal-comma.csv": [-0.185, 0.141], "tabs.tsv": [1.466, -1.402]}
    assert (data.n_records, data.class_names, data.X[0].tolist()) == (40, ("x", "y"), first[name])


def test_a_compressed_file_is_read(tmp_path):
    (tmp_path / "own.csv.gz").write_bytes(gzip.compress((CASES / "semicolon.csv").read_bytes()))
    data = DataSet.read(tmp_path / "own.csv.gz")
    assert data.name == "own"
    assert data.fingerprint == DataSet.read(CASES / "semicolon.csv").fingerprint


def test_records_without_a_label_are_kept_apart():
    data = DataSet.read(CASES / "partly-labelled.csv")
    assert (data.n_records, data.class_names) == (12, ("x", "y"))
    assert data.positions.tolist() == list(range(12))
    assert data.unlabelled.X.shape == (188, 2)
    assert data.unlabelled.positions.tolist() == list(range(12, 200))
    assert "188 records have no label: only the 12 that have one are used" in data.notes


def test_identifiers_are_left_out_and_dates_become_numbers():
    data = DataSet.read(CASES / "dates-and-ids.csv")
    assert data.feature_names == ("joined_month", "joined_day", "joined_total_seconds", "amount")
    assert data.report.left_out == {"customer": "identifiers: words that hardly repeat"}
    assert data.report.encoded == {"joined": "date, 3 columns"}
    assert data.X[0, :2].tolist() == [1, 1]


def test_columns_are_dropped_by_name():
    data = DataSet.read(CASES / "dates-and-ids.csv", drop=["joined", "customer"])
    assert data.feature_names == ("amount",)
    assert data.report.left_out == {"customer": "as asked", "joined": "as asked"}


def test_gaps_and_categories_are_encoded_and_kept():
    data = DataSet.read(CASES / "missing-values.csv")
    assert data.feature_names == (
        *("age", "age is missing", "income"),
        *("city = Kyoto", "city = Lima", "city = Oslo", "city = (missing)"),
    )
    age, gone = data.X[:, 0], data.X[:, 1] == 1
    assert gone.sum() == data.report.filled["age"] == 29
    assert age[gone] == pytest.approx(age[~gone].mean())
    assert data.X[:, 3:].sum(1).tolist() == [1.0] * 200
    frame = data.frame
    assert [str(kind) for kind in frame.dtypes] == ["float64", "float64", "category"]
    assert frame.age.isna().sum() == 29
    assert frame.city.isna().sum() == data.X[:, 6].sum()
    assert frame.city.iloc[0] == "Lima"
