"""Which column is the class, and what is a class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alrl.data.data_set import DataSet
from alrl.errors import GuessedLabelWarning, InvalidDataError

OUT_OF_SCOPE = "regression, several labels a record and sequences are out of its scope"


def labelled(read, values, **how):
    return read("a,b,class", lambda i: f"{i / 2},{i % 7},{values[i % len(values)]}", **how)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["TRUE", "FALSE"], ("FALSE", "TRUE")),
        ([" x", "x ", "y"], ("x", "y")),
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["1.0", "2.0"], ("1.0", "2.0")),
        (["1.10", "1.9"], ("1.10", "1.9")),
        (["+1", "-1"], ("+1", "-1")),
        (["Yes", "yes"], ("Yes", "yes")),
        (["NA", "null", "None", "x"], ("NA", "None", "null", "x")),
        (["1_0", "10"], ("10", "1_0")),
        (["ä", "z"], ("z", "ä")),
        (["inf", "nan"], ("inf", "nan")),
    ],
)
def test_a_class_is_the_text_it_is(read, values, classes):
    assert labelled(read, values).class_names == classes


@pytest.mark.parametrize("missing", ["", " ", "nan", "NaN", "NA", "null", "?"])
def test_beside_integers_the_usual_words_are_missing_labels(read, missing):
    data = labelled(read, ["0", "1", missing])
    assert (data.class_names, data.n_records, len(data.unlabelled.positions)) == (("0", "1"), 20, 10)


def test_what_might_be_meant_otherwise_is_said(read):
    assert any(
        "'NA' is a class of 'class'; leave the cells empty" in note for note in labelled(read, ["NA", "x"]).notes
    )
    assert any("'Yes' and 'yes'" in note for note in labelled(read, ["Yes", "yes"]).notes)
    assert any("'1' and '1.0'" in note for note in labelled(read, ["1", "1.0"]).notes)
    assert any(OUT_OF_SCOPE in note for note in labelled(read, ['"cat, dog"', "cat"]).notes)


@pytest.mark.parametrize("name", ["label", "Label", "CLASS", "target", "y", "classes"])
def test_a_column_called_as_a_class_is_the_class_wherever_it_stands(read, name):
    data = read(f"a,{name},kind", lambda i: f"{i / 2},{'xy'[i % 2]},{'uv'[i % 2]}")
    assert (data.report.label, data.report.label_by) == (name, "name")


def test_two_columns_called_as_classes_are_not_guessed_between(read):
    with pytest.raises(InvalidDataError, match=r"several columns called as classes are, \['class', 'label'\]; name it"):
        read("class,a,label", lambda i: f"{'xy'[i % 2]},{i / 2},{'uv'[i % 2]}")
    data = read("class,a,label", lambda i: f"{'xy'[i % 2]},{i / 2},{'uv'[i % 2]}", drop=["class"])
    assert data.report.label == "label"


@pytest.mark.parametrize("label", ["kind", None])
def test_a_label_column_that_comes_twice_is_refused(read, label):
    name = label or "class"
    with pytest.raises(
        InvalidDataError, match=rf"own\.csv has several columns named '{name}'; rename all but the class"
    ):
        read(f"{name},a,{name}", lambda i: f"{'xy'[i % 2]},{i / 2},{'uv'[i % 2]}", label=label)


@pytest.mark.parametrize(
    ("header", "record", "message"),
    [
        (
            "kind,a,visits",
            lambda i: f"{'xy'[i % 2]},{i / 2},{i % 5}",
            r"'kind', 'visits' may all be it; name it with --label",
        ),
        (
            "kind,a,visits",
            lambda i: f"{'xy'[i % 2]},{i / 2},5",
            r"the last, 'visits', holds 1 different values, in 30 rec",
        ),
        (
            "a,price",
            lambda i: f"{i},{i * 1.37:.2f}",
            r"'price', holds 30 different numbers, as a regression target does",
        ),
        ("a,kind", lambda i: f"{i / 2},n{i}", r"'kind', holds 30 different values, in 30 records; .*columns: a, kind$"),
    ],
)
def test_without_a_likely_label_the_columns_are_listed(read, header, record, message):
    with pytest.raises(InvalidDataError, match=r"no column is called as a class is .*" + message):
        read(header, record)


def test_the_last_column_is_guessed_and_the_guess_is_said(read):
    with pytest.warns(
        GuessedLabelWarning, match=r"own\.csv, label: 'kind', guessed as it is the last column; --label NAME"
    ):
        data = read("a,kind", lambda i: f"{i / 2},{'xy'[i % 2]}")
    assert data.report.guessed


def test_a_label_can_be_named_by_its_place(read):
    assert read("kind,a", lambda i: f"{'xy'[i % 2]},{i / 2}", label=0).report.label == "kind"
    with pytest.raises(InvalidDataError, match=r"own\.csv has 2 columns, and none in place 5"):
        read("kind,a", lambda i: f"{'xy'[i % 2]},{i / 2}", label=5)
    with pytest.raises(InvalidDataError, match=r'unknown label column "kinds"; did you mean "kind"\?'):
        read("kind,a", lambda i: f"{'xy'[i % 2]},{i / 2}", label="kinds")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            lambda i: f"{i * 1.37:.2f}",
            "30 different numbers that are not whole, as a regression target does; alrl learns",
        ),
        (lambda i: f"{i * 137}", "30 different values in 30 records: identifiers or a regression target"),
        (lambda i: f"n{i // 1.5}", "20 different values in 30 records: identifiers or a regression target"),
        (lambda i: "", "label column 'class' is empty; label some records"),
        (lambda i: "x", r"y holds one class only \('x'\)"),
    ],
)
def test_what_are_no_classes_is_refused(read, record, message):
    with pytest.raises(InvalidDataError, match=message):
        read("a,class", lambda i: f"{i / 2},{record(i)}")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            np.eye(3)[np.arange(6) % 3],
            rf"y has shape \(6, 3\); expected .*{OUT_OF_SCOPE}; indicators .* y\.argmax\(1\)",
        ),
        (np.array([["a"], ["a", "b"]] * 3, dtype=object), OUT_OF_SCOPE),
        (np.linspace(0, 1, 6), OUT_OF_SCOPE),
    ],
)
def test_targets_of_other_kinds_are_out_of_scope_in_arrays_too(y, message):
    with pytest.raises(InvalidDataError, match=message):
        DataSet.from_arrays(np.arange(6.0)[:, None], y)


def test_images_are_not_told_to_become_one_feature():
    with pytest.raises(InvalidDataError, match=r"X has shape \(6, 8, 8\); .*use X\.reshape\(len\(X\), -1\)"):
        DataSet.from_arrays(np.zeros((6, 8, 8)), [0, 1] * 3)


@pytest.mark.parametrize(
    ("header", "record", "left_out"),
    [
        ("id,a,class", lambda i: f"{i * 7919 % 100003},{i / 2}", {"id": "identifiers"}),
        ("PassengerId,a,class", lambda i: f"{i + 1},{i / 2}", {"PassengerId": "identifiers"}),
        ("customer_id,a,class", lambda i: f"{i + 1},{i / 2}", {"customer_id": "identifiers"}),
        ("Unnamed: 0,a,class", lambda i: f"{29 - i},{i / 2}", {"Unnamed: 0": "row numbers"}),
        (",a,class", lambda i: f"{i * 3 + 40},{i / 2}", {"unnamed_1": "row numbers"}),
        ("index,a,class", lambda i: f"{i * 2},{i / 2}", {"index": "row numbers"}),
        ("code,a,class", lambda i: f"{i:08x}-{i * 7:04x},{i / 2}", {"code": "identifiers: words that hardly repeat"}),
        ("c,a,class", lambda i: f"same,{i / 2}", {"c": "one value in every record"}),
        ("c,a,class", lambda i: f"3.50,{i / 2}", {"c": "one value in every record"}),
        ("c,a,class", lambda i: f"2024-01-01,{i / 2}", {"c": "one value in every record"}),
        ("c,a,class", lambda i: f",{i / 2}", {"c": "no value in any record"}),
        ("c,a,class", lambda i: f"NA,{i / 2}", {"c": "no value in any record"}),
    ],
)
def test_columns_that_are_no_features_are_left_out_and_named(read, header, record, left_out):
    data = read(header, lambda i: f"{record(i)},{'xy'[i % 2]}")
    assert data.report.left_out == left_out
    assert data.feature_names == ("a",)
    name = next(iter(left_out))
    if "value" not in left_out[name]:
        kept = read(header, lambda i: f"{record(i)},{'xy'[i % 2]}", features=[name, "a"])
        assert kept.n_features > 1


@pytest.mark.parametrize(
    ("header", "record", "note"),
    [
        ("dose,a,class", lambda i: f"{i},{i / 2}", "'dose' counts the records"),
        (
            "patient_id,a,class",
            lambda i: f"{i // 3},{i / 2}",
            "'patient_id' is called an identifier and is taken as a num",
        ),
    ],
)
def test_columns_that_may_be_no_features_are_kept_and_named(read, header, record, note):
    data = read(header, lambda i: f"{record(i)},{'xy'[i % 2]}")
    assert data.n_features == 2
    assert any(note in each for each in data.notes)


def test_unknown_columns_are_refused(read):
    for how in ({"drop": ["sise"]}, {"features": ["sise"]}):
        with pytest.raises(InvalidDataError, match=r'unknown column "sise"; did you mean "size"\?'):
            read("size,class", lambda i: f"{i / 2},{'xy'[i % 2]}", **how)


TEXTS = st.lists(st.sampled_from(["0", "1", "01", "1.0", "1e0", "a", "A", "NA", "None", "2"]), min_size=2, max_size=40)


@given(TEXTS)
def test_classes_give_the_texts_back(values):
    table = pd.DataFrame({"a": np.arange(len(values)) / 7, "b": np.arange(len(values)) % 2, "class": values})
    wanted = set(values)
    if wanted - {"NA"} and "NA" in wanted and all(value in {"0", "1", "2"} for value in wanted - {"NA"}):
        table, wanted = table[table["class"] != "NA"], wanted - {"NA"}
    if len(wanted) < 2:
        return
    data = DataSet.read(table, features=["a", "b"])
    assert [data.class_names[code] for code in data.y] == table["class"].tolist()


def test_a_column_of_a_frame_with_levels_is_called_by_all_of_them():
    columns = pd.MultiIndex.from_tuples([("size", "width"), ("size", "height")])
    frame = pd.DataFrame(np.arange(12.0).reshape(6, 2) ** 2, columns=columns).assign(kind=list("ababab"))
    data = DataSet.read(frame, label="kind")
    assert data.feature_names == ("size width", "size height")
